"""How a refresh or a backfill went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from tenet.prices.report import PricesReport
    from tenet.refresh.history import History, Restated
    from tenet.refresh.note import Note
    from tenet.refresh.steps import Ended
    from tenet.sync.run import SyncReport


@dataclass(frozen=True)
class Failure:
    """One thing that failed. what: a step, a provider or a market source. hint: what to do."""

    what: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class RefreshReport:
    """How a refresh or a backfill went.

    steps: each with its seconds. prices: of each time that market sources were asked. synced: None
    where no provider was. held: of a backfill, the securities it was for. is_built: the published
    build holds all that is landed, through `through`. found: what it says of each day, the old one
    where the build failed; None without any. last: what the refresh before found. restated: past
    days of the build before that are others now; None where there is nothing to compare.
    """

    through: date
    steps: tuple[Ended, ...]
    prices: tuple[PricesReport, ...] = ()
    synced: SyncReport | None = None
    held: tuple[str, ...] = ()
    is_built: bool = False
    found: History | None = None
    last: Note | None = None
    restated: Restated | None = None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """All that failed: steps, providers, market sources and single securities."""
        found = [Failure(step.step, *step.fault) for step in self.steps if step.fault]
        for provider in self.synced.providers if self.synced else ():
            found += [
                Failure(provider.provider, str(error), error.hint)
                for error in provider.result.errors
            ]
        for source in (source for report in self.prices for source in report.sources):
            if source.stopped:
                found.append(Failure(source.source, str(source.stopped), source.stopped.hint))
            found += [
                Failure(f"{source.source} {one.security_id}", one.message or "failed")
                for one in source.failed
            ]
        return tuple(dict.fromkeys(found))

    @property
    def exit_code(self) -> int:
        """0 all well, 3 something failed and the rest is done, 1 nothing could be done."""
        codes = [report.exit_code for report in self.prices]
        codes += [self.synced.exit_code] if self.synced else []
        if self.is_built and not self.failures and not any(codes):
            return 0
        has_landed = self.synced is not None and self.synced.is_complete
        has_landed |= any(sum(one.landed.values()) for each in self.prices for one in each.sources)
        has_values = self.is_built and self.found is not None and bool(self.found.net_worth)
        return 3 if has_landed or has_values else 1
