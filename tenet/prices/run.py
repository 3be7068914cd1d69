"""An update of prices: plan, ask every source at once, land as answers come, plan again.

What comes in may ask for more: a series that a split has changed is asked for whole, and a new
close may need the rate of a currency. Each batch of answers is one landing that tells also what was
asked, so a run that is killed is taken up where it was.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tenet.errors import InputRefused, ProviderSyncError
from tenet.prices import rows
from tenet.prices.landing import Answer, Landed, Shelf
from tenet.prices.needed import Days
from tenet.prices.plan import EURO, Plan, plan
from tenet.prices.report import PricesReport, Problem, Progress, SourceReport
from tenet.providers.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
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
    again. pause: how to wait. told: hears of each answer, and at the end of each source.
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


@dataclass
class _Tally:
    """What one source was asked and has said so far."""

    source: str
    asked: int = 0
    done: int = 0
    superseded: int = 0
    answers: list[Answer] = field(default_factory=list)
    rates_ok: int = 0
    landed: Counter[str] = field(default_factory=Counter)
    stopped: ProviderSyncError | None = None
    seconds: float = 0.0

    def report(self) -> SourceReport:
        def listed(status: str) -> tuple[Problem, ...]:
            return tuple(
                Problem(one.wanted.ask.security_id, one.series.message)
                for one in self.answers
                if one.series.status == status
            )

        landed = {name: count for name, count in self.landed.items() if count}
        problems = {name: listed(name) for name in ("empty", "unknown", "failed")}
        ok = len(listed("ok")) + self.rates_ok
        return SourceReport(
            self.source,
            self.asked - self.superseded,
            ok,
            **problems,
            landed=landed,
            stopped=self.stopped,
            seconds=self.seconds,
        )


@dataclass(frozen=True)
class _Rates:
    """The answer of a source of rates that was asked from `first` on."""

    first: date
    rates: list[Rate]


@dataclass(frozen=True)
class _End:
    """A source has nothing more to say. fault: why it broke off."""

    seconds: float
    fault: BaseException | None


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
        self.tallies = {name: _Tally(name) for name in [*self.price_sources, *self.rate_sources]}
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
        queue: Queue[tuple[str, Any]] = Queue()
        running = set()
        for name in self.tallies:
            wanted = [one for one in found.wanted if one.source == name]
            self.tallies[name].asked += len(wanted) + (name in found.rates)
            if self.tallies[name].stopped or not (wanted or name in found.rates):
                continue
            answers = self._answers(name, wanted, found.rates.get(name))
            # Daemons, so that Ctrl-C need not wait for a source that hangs.
            Thread(target=_put_all, args=(name, answers, queue), daemon=True).start()
            running.add(name)
        self._take(queue, running)

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

    def _take(self, queue: Queue[tuple[str, Any]], running: set[str]) -> None:
        """Take what comes until every source has ended, and land it in batches."""
        batch: list[Answer] = []
        landed_at = time.perf_counter()
        try:
            while running:
                name, came = _next(queue)
                if isinstance(came, Answer):
                    batch.append(came)
                    self._tell(name, came)
                elif isinstance(came, _Rates):
                    self._land_rates(name, came)
                elif isinstance(came, _End):
                    running.discard(name)
                    self._end(name, came)
                is_due = time.perf_counter() - landed_at > LONGEST_HOLD
                if batch and (len(batch) >= BATCH or is_due or isinstance(came, _End)):
                    batch = self._land(batch)
                    landed_at = time.perf_counter()
        except BaseException:  # Ctrl-C above all: what was answered need not be asked again
            if batch:
                self._land(batch)
            raise

    def _tell(self, name: str, answer: Answer) -> None:
        tally = self.tallies[name]
        tally.done += 1
        security_id, series = answer.wanted.ask.security_id, answer.series
        self.told(
            Progress(name, security_id, series.status, series.message, tally.done, tally.asked)
        )

    def _end(self, name: str, end: _End) -> None:
        tally, fault = self.tallies[name], end.fault
        tally.seconds += end.seconds
        if fault is None or isinstance(fault, ProviderSyncError):
            tally.stopped = fault
        elif isinstance(fault, Exception):
            source = self.price_sources.get(name) or self.rate_sources[name]
            secrets = getattr(source, "secrets", ())
            text = scrub(f"{type(fault).__name__}: {fault}", secrets)
            tally.stopped = ProviderSyncError("unknown", text, code="bug")
        else:
            raise fault

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


def _put_all(name: str, answers: Iterator[Any], queue: Queue[tuple[str, Any]]) -> None:
    """Put every answer of a source into the queue, then its end, whatever it raises."""
    started, fault = time.perf_counter(), None
    try:
        for answer in answers:
            queue.put((name, answer))
    except BaseException as error:  # noqa: BLE001 (one source must not stop the others; it is recorded)
        fault = error
    queue.put((name, _End(time.perf_counter() - started, fault)))


def _next(queue: Queue[tuple[str, Any]]) -> tuple[str, Any]:
    """What comes next, or nothing within a moment: a wait without end may miss Ctrl-C."""
    try:
        return queue.get(timeout=0.2)
    except Empty:
        return "", None
