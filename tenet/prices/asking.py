"""Several sources asked side by side, a thread each, and what they say as it comes in."""

from __future__ import annotations

import time
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class End:
    """A source has nothing more to say. seconds: of saying it. fault: why it broke off."""

    seconds: float
    fault: BaseException | None


def side_by_side(answers: Mapping[str, Iterator[Any]]) -> Iterator[tuple[str, Any]]:
    """Each answer with its source's name, in the order in which they come; an End for each source.

    answers: what each source is to say; whatever it raises ends that source alone.
    Nothing, `("", None)`, comes now and then: a wait without end may miss Ctrl-C.
    """
    queue: Queue[tuple[str, Any]] = Queue()
    for name, of in answers.items():
        # Daemons, so that Ctrl-C need not wait for a source that hangs.
        Thread(target=_put_all, args=(name, of, queue), daemon=True).start()
    running = len(answers)
    while running:
        try:
            name, came = queue.get(timeout=0.2)
        except Empty:
            name, came = "", None
        running -= isinstance(came, End)
        yield name, came


def _put_all(name: str, answers: Iterator[Any], queue: Queue[tuple[str, Any]]) -> None:
    started, fault = time.perf_counter(), None
    try:
        for answer in answers:
            queue.put((name, answer))
    except BaseException as error:  # noqa: BLE001 (one source must not stop the others; it is recorded)
        fault = error
    queue.put((name, End(time.perf_counter() - started, fault)))
