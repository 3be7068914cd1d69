"""The story: prices through yesterday, holdings, prices of what they brought, a build.

Each step is best effort for the next: whatever it raises is told and kept, and the next one runs.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tenet.build import build
from tenet.landings import files, landings
from tenet.prices.run import update
from tenet.refresh.held import held_in, newly_held, spans
from tenet.refresh.history import history, restated
from tenet.refresh.note import last_refresh, write_note
from tenet.refresh.report import RefreshReport
from tenet.refresh.steps import Steps
from tenet.sync.run import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence, Set
    from datetime import date, datetime
    from pathlib import Path

    from tenet.market.series import PriceSource, RateSource
    from tenet.prices.report import PricesReport
    from tenet.providers.provider import Provider
    from tenet.refresh.history import History
    from tenet.settings import Settings

T = TypeVar("T", "PriceSource", "RateSource")


def has_holdings(home: Path) -> bool:
    """Whether any snapshot was ever landed."""
    return bool(files(landings(home), "snapshots"))


def refresh(
    settings: Settings,
    providers: Sequence[Provider],
    price_sources: Sequence[PriceSource],
    rate_sources: Sequence[RateSource],
    *,
    through: date,
    at: datetime,
    pause: Callable[[float], None] = time.sleep,
    told: Callable[[object], None] = lambda _: None,
) -> RefreshReport:
    """Bring a home up to date; only for the holder of the lock.

    through: the last day to value; prices are asked through the day before. at: now.
    pause: how to wait between attempts. told: called with Started and Ended of each step, with the
    ProviderReport of each provider, and with the Progress of each answer of a market source.
    """
    secrets = tuple(secret for provider in providers for secret in provider.secrets)
    home, steps = settings.home, Steps(told, secrets)
    ask = partial(update, settings, at=at, through=through, pause=pause, told=told)
    look = partial(spans, settings, through)
    last, before = last_refresh(home), steps.attempt("last build", partial(history, home))
    held, prices, synced = steps.attempt("holdings", look) or {}, [], None
    if held and (price_sources or rate_sources):
        prices.append(steps.run("prices", partial(ask, price_sources, rate_sources)))
    if providers:
        synced = steps.run("sync", partial(sync, home, providers, at=at, pause=pause, told=told))
        new = newly_held(held, steps.attempt("holdings", look) or {})
        price_sources = _answering(price_sources, prices)
        rate_sources = _answering(rate_sources, prices)
        if new and (price_sources or rate_sources):
            # Of two rows the later landing counts, so these land after the first ones.
            later = at + timedelta(seconds=1)
            again = partial(ask, price_sources, rate_sources, at=later, only=new)
            prices.append(steps.run("new prices", again))
    report = _built(settings, steps, before, through=through, at=at)
    report = replace(report, prices=_those(prices), synced=synced, last=last)
    steps.attempt("note", partial(write_note, home, report, at=at))
    return replace(report, steps=tuple(steps.ended))


def backfill(
    settings: Settings,
    price_sources: Sequence[PriceSource],
    rate_sources: Sequence[RateSource],
    days: tuple[date, date],
    accounts: Set[str] | None,
    *,
    through: date,
    at: datetime,
    pause: Callable[[float], None] = time.sleep,
    told: Callable[[object], None] = lambda _: None,
) -> RefreshReport:
    """Ask for prices and rates of a range of days for what was held in it, and build.

    days: the first and the last. accounts: only for what these held; None for all.
    What was held is told by a build, so there is one before and one after. Else as `refresh`.
    """
    home, steps = settings.home, Steps(told)
    before = steps.attempt("last build", partial(history, home))
    held, prices = None, []
    if steps.run("build", partial(build, settings, through=through, at=at)):
        held = steps.attempt("holdings", partial(held_in, home, *days, accounts))
    if held and (price_sources or rate_sources):
        first, last = days
        ask = partial(update, settings, price_sources, rate_sources, at=at, through=through)
        ask = partial(ask, only=held, first=first, last=last, pause=pause, told=told)
        prices.append(steps.run("prices", ask))
    report = _built(settings, steps, before, through=through, at=at)
    return replace(report, prices=_those(prices), held=tuple(held or ()), steps=tuple(steps.ended))


def _built(
    settings: Settings, steps: Steps, before: History | None, *, through: date, at: datetime
) -> RefreshReport:
    """Build, and compare with the build before; the report so far."""
    built = steps.run("build", partial(build, settings, through=through, at=at))
    found, changed = before, None
    if built:
        found = steps.attempt("new build", partial(history, settings.home))
        changed = restated(before, found) if before and found else None
    return RefreshReport(
        through, tuple(steps.ended), is_built=built is not None, found=found, restated=changed
    )


def _answering(sources: Sequence[T], asked: Iterable[PricesReport | None]) -> list[T]:
    """The sources that did not stop answering when they were asked."""
    stopped = {one.source for report in _those(asked) for one in report.sources if one.stopped}
    return [source for source in sources if source.name not in stopped]


def _those(reports: Iterable[PricesReport | None]) -> tuple[PricesReport, ...]:
    return tuple(report for report in reports if report is not None)
