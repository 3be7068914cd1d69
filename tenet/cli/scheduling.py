"""`tenet schedule`: a refresh by itself, after each close of the markets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from tenet import scheduling
from tenet.cli import schedulers
from tenet.errors import NotScheduled, RefreshRunning
from tenet.home import last_build, require

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenet.cli.session import Session
    from tenet.scheduling import Schedule

NAP = timedelta(seconds=30)
BUSY_PAUSE = timedelta(minutes=5)


@click.command()
@click.option(
    "--at",
    type=click.DateTime(["%H:%M"]),
    metavar="HH:MM",
    help="In the home's time zone [default: 45 minutes after the US close].",
)
@click.option(
    "--kind", type=click.Choice(schedulers.KINDS), help="Which scheduler [default: the platform's]."
)
@click.option("--install", "is_install", is_flag=True, help="Tell the scheduler; no root needed.")
@click.option("--uninstall", "is_uninstall", is_flag=True, help="Take that back.")
@click.option("--run", "is_run", is_flag=True, help="Wait and refresh here, until Ctrl-C.")
@click.pass_context
def schedule(
    ctx: click.Context,
    at: datetime | None,
    kind: str | None,
    *,
    is_install: bool,
    is_uninstall: bool,
    is_run: bool,
) -> None:
    """Print what makes the system refresh this home after each close of the markets."""
    from tenet.settings import load, machine_timezone

    session: Session = ctx.obj
    if is_install + is_uninstall + is_run > 1:
        raise click.UsageError("--install, --uninstall and --run exclude each other")
    home, year = require(session.home).resolve(), session.now().year
    timezone = load(home).timezone
    planned = scheduling.default_schedule(timezone, year, at.time() if at else None)
    command = (sys.executable, "-m", "tenet", "--home", str(home), "refresh")
    if is_run:
        _run(session, planned, command)
        return
    job = schedulers.Job(
        name=scheduling.name_of(home),
        command=command,
        schedule=planned,
        local=scheduling.seen_from(planned, machine_timezone(), year),
    )
    kind = kind or schedulers.usual_kind()
    if kind is None:
        raise click.UsageError("no scheduler is known here; `tenet schedule --run` needs none")
    if is_uninstall:
        ctx.exit(0 if schedulers.uninstall(kind, job, session.say) else 3)
    if is_install:
        _require_startable(command)
        is_told = schedulers.install(kind, job, session.say)
        if is_told:
            due = scheduling.next_run(session.now(), planned)
            session.say(f"next refresh {_told(due, planned)}")
        _say_limits(session, kind)
        ctx.exit(0 if is_told else 3)
    click.echo(schedulers.text(kind, job).rstrip("\n"))
    _say_limits(session, kind)


def keep_refreshing(
    planned: Schedule,
    due: datetime,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], object],
    refresh: Callable[[], int],
    say: Callable[[str], None],
) -> None:
    """Refresh when it is due, again and again; ends only by an exception.

    due: the first time. refresh: returns an exit code; after 75 (another writer is at work) it is
    tried again soon. The naps are short, so that a machine that slept over the time makes up for it
    at once, however often it was due meanwhile.
    """
    while True:
        say(f"next refresh {_told(due, planned)}")
        while (left := due - now()) > timedelta():
            sleep(min(left, NAP).total_seconds())
        code = refresh()
        if code:
            say(f"the refresh ended with exit code {code}")
        is_busy = code == RefreshRunning.exit_code
        due = now() + BUSY_PAUSE if is_busy else scheduling.next_run(now(), planned)


def _run(session: Session, planned: Schedule, command: Sequence[str]) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    started = session.now()
    is_missed = _built_at(session) < scheduling.last_run(started, planned)
    keep_refreshing(
        planned,
        started if is_missed else scheduling.next_run(started, planned),
        now=session.now,
        sleep=time.sleep,
        refresh=lambda: _refresh(command),
        say=session.say,
    )


def _refresh(command: Sequence[str]) -> int:
    """A refresh in a process of its own; it is stopped with this one."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            raise


def _built_at(session: Session) -> datetime:
    """When the published build was made; long ago where there is none."""
    try:
        return datetime.fromisoformat((last_build(session.home) or {})["built_at"])
    except (KeyError, TypeError, ValueError):
        return datetime.fromtimestamp(0, session.now().tzinfo)


def _require_startable(command: Sequence[str]) -> None:
    """The system starts it elsewhere and without this shell's settings: it is tried like that."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    tried = subprocess.run(
        [*command[:3], "--version"], cwd="/", env=environment, capture_output=True, check=False
    )
    if tried.returncode:
        reason = "cannot run tenet outside of this folder"
        raise NotScheduled(command[0], reason, hint="install tenet for it, then try again")


def _say_limits(session: Session, kind: str) -> None:
    if kind == "cron":
        session.say("cron does not make up for a time when the machine is off or asleep")
    if kind == "systemd":
        session.say("while you are not logged in it runs only after `loginctl enable-linger`")
    given = sorted(
        name for name in os.environ if name.startswith("TENET_") and name != "TENET_HOME"
    )
    if given:
        listed = ", ".join(given)
        session.say(
            f"this shell's {listed} will not be there; put them into {session.home / '.env'}"
        )


def _told(moment: datetime, planned: Schedule) -> str:
    return f"{moment.astimezone(ZoneInfo(planned.timezone)):%a %Y-%m-%d %H:%M} {planned.timezone}"
