"""An update of prices: plan, ask every source at once, land as answers come, plan again.

What comes in may ask for more: a series that a split has changed is asked for whole, and a new
close may need the rate of a currency. Each batch of answers is one landing that tells also what was
asked, so a run that is killed is taken up where it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tenet.errors import InputRefused, ProviderSyncError
from tenet.prices import rows
from tenet.prices.asking import End, side_by_side
from tenet.prices.landing import Answer, Landed, Shelf
from tenet.prices.needed import Days
from tenet.prices.plan import EURO, Plan, plan
from tenet.prices.report import PricesReport, Progress, SourceReport
from tenet.prices.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import date, datetime

    from tenet.landings import Landing
    from tenet.market.series import PriceSource, Rate, RateSource
    from tenet.prices.plan import Wanted
    from tenet.prices.splits import Key
    from tenet.settings import Settings

    Told = Callable[[SourceReport | Progress], None]

BATCH = 40
"""Answers that are landed together, at most; a landing is some files and fsyncs."""
LONGEST_HOLD = 20.0
"""Seconds that an answer waits for its landing, at most."""
RATES_ZONE = ZoneInfo("Europe/Berlin")
"""Where the day of a source of rates ends."""


def update(
    settings: Settings,
    price_sources: Sequence[PriceSource],
    rate_sources: Sequence[RateSource],
    *,
    at: datetime,
    through: date,
    only: Collection[str] = (),
    first: date | None = None,
    last: date | None = None,
    pause: Callable[[float], None] = time.sleep,
    told: Told = lambda _: None,
) -> PricesReport:
    """Ask for the closes and rates that a home lacks, and land them; for the holder of the lock.

    at: now. through: the last day to value; closes are asked through the day before it.
    only: these securities, also those that their source did not know lately. first, last: the days
    wanted, in place of those that follow from what is held; days that are covered are not asked
    again. pause: how to wait. told: hears of each answer as it comes in, and of each source at the
    end.
    A source that fails, whatever it raises, stops no other and is recorded. What was answered is
    landed, also where the run is stopped.
    Raises LakeCorrupt, HomeNotWritable.
    """
    days = Days(settings.timezone, through, first, last, only)
    run = _Run(settings, days, price_sources, rate_sources, at, pause, told)
    while not (found := run.unasked(run.plan())).is_empty:
        run.ask(found)
    reports = [tally.report() for tally in run.tallies.values() if tally.asked]
    for report in reports:
        told(report)
    return PricesReport(tuple(reports), tuple(run.landings), found.without_source)


@dataclass(frozen=True)
class _Rates:
    """The answer of a source of rates that was asked from `first` on."""

    first: date
    rates: list[Rate]


class _Run:
    """One update: the sources, what they were asked, and what has come in."""

    def __init__(
        self,
        settings: Settings,
        days: Days,
        price_sources: Sequence[PriceSource],
        rate_sources: Sequence[RateSource],
        at: datetime,
        pause: Callable[[float], None],
        told: Told,
    ) -> None:
        self.price_sources = {source.name: source for source in price_sources}
        self.rate_sources = {source.name: source for source in rate_sources}
        self.at, self.pause, self.told = at, pause, told
        # Times of landings decide which of two rows is newer, so each is later than the one before.
        self.moments = (at + timedelta(microseconds=number) for number in count())
        self.shelf = Shelf(settings.home, settings.base_currency, days, at, self.moments)
        sources = self.price_sources | self.rate_sources
        self.tallies = {
            name: Tally(name, getattr(source, "secrets", ())) for name, source in sources.items()
        }
        self.asked: dict[Key, bool] = {}  # whether it was asked for whole
        self.again: set[Key] = set()
        self.landings: list[Landing] = []

    def plan(self) -> Plan:
        """What is missing now."""
        return plan(
            self.shelf.home,
            self.shelf.days,
            base=self.shelf.base,
            price_names=self.price_sources,
            rate_names=self.rate_sources,
            at=self.at,
            again=self.again,
        )

    def unasked(self, found: Plan) -> Plan:
        """A plan without what was asked in this run; a series may be asked again for whole."""
        wanted = [
            one
            for one in found.wanted
            if one.key not in self.asked or (one.is_whole and not self.asked[one.key])
        ]
        rates = {
            name: first for name, first in found.rates.items() if (name, EURO) not in self.asked
        }
        return Plan(tuple(wanted), rates, found.without_source)

    def ask(self, found: Plan) -> None:
        """Ask all of a plan, every source at once, and land what they say."""
        self.asked |= {one.key: one.is_whole for one in found.wanted}
        self.asked |= {(name, EURO): True for name in found.rates}
        answers = {}
        for name, tally in self.tallies.items():
            wanted = [one for one in found.wanted if one.source == name]
            tally.asked += len(wanted) + (name in found.rates)
            if not tally.stopped and (wanted or name in found.rates):
                answers[name] = self._answers(name, wanted, found.rates.get(name))
        self._take(side_by_side(answers))

    def _answers(
        self, name: str, wanted: list[Wanted], rates_from: date | None
    ) -> Iterator[Answer | _Rates]:
        by_ask = {one.ask: one for one in wanted}
        if wanted:
            source = self.price_sources[name]
            for series in source.fetch(list(by_ask), at=self.at, pause=self.pause):
                yield Answer(by_ask[series.ask], series)
        if rates_from:
            rates = self.rate_sources[name].fetch(rates_from, at=self.at, pause=self.pause)
            yield _Rates(rates_from, rates)

    def _take(self, said: Iterable[tuple[str, Any]]) -> None:
        """Take what comes until every source has ended, and land it in batches."""
        batch: list[Answer] = []
        landed_at = time.perf_counter()
        try:
            for name, came in said:
                if isinstance(came, Answer):
                    batch.append(came)
                    self.told(self.tallies[name].progress(came))
                elif isinstance(came, _Rates):
                    self._land_rates(name, came)
                elif isinstance(came, End):
                    self.tallies[name].end(came)
                is_due = time.perf_counter() - landed_at > LONGEST_HOLD
                if batch and (len(batch) >= BATCH or is_due or isinstance(came, End)):
                    batch = self._land(batch)
                    landed_at = time.perf_counter()
        except BaseException:  # Ctrl-C above all: what was answered need not be asked again
            if batch:
                self._land(batch)
            raise

    def _land(self, batch: list[Answer]) -> list[Answer]:
        """Land a batch; returns the next one, which is empty."""
        for landed in self.shelf.land(batch):
            self._count(landed)
            self.again |= landed.again
            for one in landed.answers:
                self.tallies[one.wanted.source].answers.append(one)
        return []

    def _land_rates(self, name: str, came: _Rates) -> None:
        today = self.at.astimezone(RATES_ZONE).date()
        moment = next(self.moments)
        request = rows.rate_request_row(name, EURO, came.first, came.rates, at=moment, today=today)
        tables = rows.rate_rows(name, came.rates, at=self.at) | {"market_requests": [request]}
        try:
            self._count(self.shelf.land_rows(tables))
        except InputRefused as error:
            self.tallies[name].stopped = ProviderSyncError("data", str(error), code="refused")
        else:
            self.tallies[name].rates_ok += 1

    def _count(self, landed: Landed) -> None:
        if landed.landing:
            self.landings.append(landed.landing)
        for one in landed.superseded:
            self.tallies[one.wanted.source].superseded += 1
        for (source, dataset), number in landed.counts.items():
            self.tallies[source].landed[dataset] += number
