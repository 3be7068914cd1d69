"""The steps of a run: each is told, timed, and kept from stopping the next one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tenet.errors import TenetError
from tenet.providers.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Fault(NamedTuple):
    """Why a step did not do what it was to do, in words without secrets, and what to do now."""

    message: str
    hint: str = ""


@dataclass(frozen=True)
class Started:
    """A step has begun."""

    step: str


@dataclass(frozen=True)
class Ended:
    """A step has ended."""

    step: str
    seconds: float
    fault: Fault | None = None


@dataclass
class Steps:
    """The steps so far. told: hears of each start and end. secrets: never told."""

    told: Callable[[object], None]
    secrets: tuple[str, ...] = ()
    ended: list[Ended] = field(default_factory=list)

    def run(self, step: str, do: Callable[[], T]) -> T | None:
        """What `do` returns, or None when it raised; begin and end are told."""
        self.told(Started(step))
        found = self.attempt(step, do)
        self.told(self.ended[-1])
        return found

    def attempt(self, step: str, do: Callable[[], T]) -> T | None:
        """What `do` returns, or None when it raised, which is kept in `ended`."""
        started, found, fault = time.perf_counter(), None, None
        try:
            found = do()
        except TenetError as error:
            fault = Fault(str(error), error.hint)
        except Exception as error:  # noqa: BLE001 (one step's fault must not stop the next; it is recorded)
            fault = Fault(scrub(f"{type(error).__name__}: {error}", self.secrets))
        self.ended.append(Ended(step, time.perf_counter() - started, fault))
        return found
