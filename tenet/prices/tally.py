"""What one source was asked and has said so far, counted as it goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenet.errors import ProviderSyncError
from tenet.prices.report import Problem, Progress, SourceReport
from tenet.providers.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenet.prices.asking import End
    from tenet.prices.landing import Answer


@dataclass
class Tally:
    """Counts of one source. secrets: never told.

    superseded: answers in whose place the whole series is asked for. rates_ok: answers of rates.
    """

    source: str
    secrets: Iterable[str] = ()
    asked: int = 0
    done: int = 0
    superseded: int = 0
    rates_ok: int = 0
    answers: list[Answer] = field(default_factory=list)
    landed: Counter[str] = field(default_factory=Counter)
    stopped: ProviderSyncError | None = None
    seconds: float = 0.0

    def progress(self, answer: Answer) -> Progress:
        """One more answer has come in."""
        self.done += 1
        security_id, series = answer.wanted.ask.security_id, answer.series
        return Progress(
            self.source, security_id, series.status, series.message, self.done, self.asked
        )

    def end(self, end: End) -> None:
        """The source has ended. Raises what was to end everything, such as KeyboardInterrupt."""
        self.seconds += end.seconds
        fault = end.fault
        if fault is None or isinstance(fault, ProviderSyncError):
            self.stopped = fault
        elif isinstance(fault, Exception):
            text = scrub(f"{type(fault).__name__}: {fault}", self.secrets)
            self.stopped = ProviderSyncError("unknown", text, code="bug")
        else:
            raise fault

    def report(self) -> SourceReport:
        """How it went so far."""
        return SourceReport(
            self.source,
            self.asked - self.superseded,
            len(self._answered("ok")) + self.rates_ok,
            self._answered("empty"),
            self._answered("unknown"),
            self._answered("failed"),
            {name: count for name, count in self.landed.items() if count},
            self.stopped,
            self.seconds,
        )

    def _answered(self, status: str) -> tuple[Problem, ...]:
        return tuple(
            Problem(one.wanted.ask.security_id, one.series.message)
            for one in self.answers
            if one.series.status == status
        )
