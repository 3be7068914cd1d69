"""How a refresh is followed on stderr: a live display on a terminal, else a line as things end."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tenet.cli.syncing import say_provider
from tenet.prices.report import Progress, SourceReport
from tenet.refresh.steps import Ended, Started
from tenet.sync.run import ProviderReport
from tenet.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress as Display
    from rich.progress import TaskID

    from tenet.cli.session import Session

    Told = Callable[[object], None]


@contextmanager
def showing(session: Session) -> Iterator[Told]:
    """What a run is to tell its events to. Nothing that goes wrong in telling stops the run."""
    has_terminal = sys.stderr is not None and sys.stderr.isatty()  # None where it is closed
    display = _display() if has_terminal and session.verbosity >= 0 else None
    if display is None:
        yield lambda event: _tell(session, event)
        return
    tasks: dict[str, TaskID] = {}

    def told(event: object) -> None:
        _tell(session, event)
        _draw(display, tasks, event)

    with display:
        yield told


def _tell(session: Session, event: object) -> None:
    """Say an event that is worth a line."""
    with suppress(OSError):  # stderr may be closed
        match event:
            case ProviderReport():
                say_provider(session, event)
            case SourceReport():
                _say_source(session, event)
            case Ended(step, seconds, fault) if fault:
                session.say(f"{step:12}{seconds:6.1f} s  failed: {fault.message}")
            case Ended(step, seconds):
                session.say(f"{step:12}{seconds:6.1f} s  done")


def _say_source(session: Session, report: SourceReport) -> None:
    counts = {
        "ok": report.ok,
        "empty": len(report.empty),
        "unknown": len(report.unknown),
        "failed": len(report.failed),
        "not answered": report.left,
    }
    listed = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    new = ", ".join(counted(count, name) for name, count in report.landed.items())
    session.say(f"{report.source:12}{report.seconds:6.1f} s  {listed}; {new or 'nothing'} new")
    if report.stopped:
        session.say(f"  {report.stopped.category}: {report.stopped}")
    for problem in report.failed:
        session.say(f"  {problem.security_id} failed: {problem.message}", verbosity=1)


def _display() -> Display | None:
    """A display of what runs now; None on a terminal that cannot draw it. Colour is rich's."""
    from rich.console import Console
    from rich.progress import Progress as Display
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_interactive:
        return None
    columns = TextColumn("{task.description:12}"), TimeElapsedColumn(), SpinnerColumn()
    return Display(*columns, TextColumn("{task.fields[counts]}"), console=console, transient=True)


def _draw(display: Display, tasks: dict[str, TaskID], event: object) -> None:
    """A line for each step that runs and each source that answers, with what is done of what."""
    match event:
        case Started(step):
            tasks[step] = display.add_task(step, total=None, counts="")
        case Progress(source, done=done, asked=asked):
            if source not in tasks:
                tasks[source] = display.add_task(f"  {source}", total=None, counts="")
            display.update(tasks[source], counts=f"{done} of {asked}")
        case ProviderReport():
            display.update(tasks["sync"], counts=f"{event.provider} has answered")
        case SourceReport(source=name) | Ended(step=name) if name in tasks:
            display.remove_task(tasks.pop(name))
