"""How an update of prices went, source by source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenet.errors import ProviderSyncError
    from tenet.landings import Landing
    from tenet.market.series import Status


@dataclass(frozen=True)
class Progress:
    """One answer that has come in. done: answers of the source so far, of `asked`."""

    source: str
    security_id: str
    status: Status
    message: str | None
    done: int
    asked: int


@dataclass(frozen=True)
class Problem:
    """A security (or, `TWDUSD=X`, a rate) that a source did not answer for as wanted, and why."""

    security_id: str
    message: str | None


@dataclass(frozen=True)
class SourceReport:
    """How asking one source went.

    asked: asks that were sent; ok, empty, unknown and failed say how they were answered, and left
    is how many were not. landed: rows that are new in the lake, by dataset (closes, splits,
    dividends, fx_rates). stopped: why the source answers no more. seconds: of asking.
    """

    source: str
    asked: int = 0
    ok: int = 0
    empty: tuple[Problem, ...] = ()
    unknown: tuple[Problem, ...] = ()
    failed: tuple[Problem, ...] = ()
    landed: Mapping[str, int] = field(default_factory=dict)
    stopped: ProviderSyncError | None = None
    seconds: float = 0.0

    @property
    def answered(self) -> int:
        """Asks that were answered, if only by a failure of their own."""
        return self.ok + len(self.empty) + len(self.unknown) + len(self.failed)

    @property
    def left(self) -> int:
        """Asks that were not answered; the next run sends them again."""
        return self.asked - self.answered

    @property
    def is_complete(self) -> bool:
        """Everything was answered. A symbol that the source does not know is an answer."""
        return not (self.stopped or self.failed or self.left)


@dataclass(frozen=True)
class PricesReport:
    """How an update went. sources: those that were asked; none when nothing was missing.

    without_source: held securities that no source in use prices, such as options.
    """

    sources: tuple[SourceReport, ...] = ()
    landings: tuple[Landing, ...] = ()
    without_source: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all well, 3 something failed and the rest is done, 1 nothing could be done."""
        if all(source.is_complete for source in self.sources):
            return 0
        return 3 if any(source.answered > len(source.failed) for source in self.sources) else 1
