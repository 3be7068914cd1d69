"""When a refresh runs by itself, and what systemd, launchd and cron must be told. Pure texts.

A schedule is a wall-clock time of a time zone on some days of the week. Each format is told one
command line, which names the home and nothing secret: the refresh reads the home's own settings.
"""

from __future__ import annotations

import hashlib
import plistlib
import shlex
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tenet.errors import NotScheduled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Schedule:
    """Every week on `days` (ISO numbers, Monday is 1), at a wall-clock time of a time zone."""

    at: time
    timezone: str
    days: tuple[int, ...] = (1, 2, 3, 4, 5)


NEW_YORK_CLOSE = Schedule(time(16), "America/New_York")
"""The close of the US markets."""

AFTER_THE_CLOSE = Schedule(time(16, 45), "America/New_York")
"""When sources have the closes of the day."""


def default_schedule(timezone: str, year: int, at: time | None = None) -> Schedule:
    """After each close of the US markets, in a time zone: 22:45 from Monday to Friday in Berlin.

    at: the user's own time. One before the close of the same day belongs to the day before, so it
    runs from Tuesday to Saturday.
    """
    if at is None:
        return seen_from(AFTER_THE_CLOSE, timezone, year)
    close = seen_from(NEW_YORK_CLOSE, timezone, year)
    days = close.days if at >= close.at else _shifted(close.days, 1)
    return Schedule(at, timezone, days)


def seen_from(schedule: Schedule, timezone: str, year: int) -> Schedule:
    """The same schedule on the clocks of another time zone.

    Clocks change on different days, so the time may move by an hour within the year: the latest
    is taken, which is never too early.
    """
    if timezone == schedule.timezone:
        return schedule
    latest = timedelta(days=-2)
    for number in range(366):
        day = date(year, 1, 1) + timedelta(days=number)
        there = _moment(day, schedule.at, schedule.timezone).astimezone(ZoneInfo(timezone))
        latest = max(latest, there.replace(tzinfo=None) - datetime.combine(day, time()))
    minutes = latest.seconds // 60  # of the day that is `latest.days` from the schedule's own
    at = time(minutes // 60, minutes % 60)
    return Schedule(at, timezone, _shifted(schedule.days, latest.days))


def next_run(now: datetime, schedule: Schedule) -> datetime:
    """The first moment after `now` (UTC) at which it is due.

    A time that the clocks skip comes an hour later; one that they show twice counts once, first.
    """
    return min(run for run in _runs_around(now, schedule) if run > now)


def last_run(now: datetime, schedule: Schedule) -> datetime:
    """The last moment up to `now` (UTC) at which it was due."""
    return max(run for run in _runs_around(now, schedule) if run <= now)


def name_of(home: Path) -> str:
    """The name under which a home's schedule is installed; each home has one of its own."""
    return f"tenet-refresh-{hashlib.sha256(str(home).encode(errors='replace')).hexdigest()[:8]}"


def systemd_service(command: Sequence[str]) -> str:
    """A user service that runs the command once.

    What failed as a whole or met another writer is tried three times more, since after sleep the
    network comes back later than the timer; what was done in part or set wrong is not.
    """
    words = " ".join(_systemd_word(word) for word in command)
    return f"""\
[Unit]
Description=tenet: refresh of a household
StartLimitIntervalSec=2h
StartLimitBurst=4

[Service]
Type=oneshot
ExecStart=:{words}
Restart=on-failure
RestartSec=10min
RestartPreventExitStatus=2 3
"""


def systemd_timer(schedule: Schedule) -> str:
    """The timer of the service of its name; a time that was slept over is made up for."""
    days = ",".join(_DAYS[day - 1] for day in schedule.days)
    return f"""\
[Unit]
Description=tenet: refresh after the market close

[Timer]
OnCalendar={days} *-*-* {schedule.at:%H:%M}:00 {schedule.timezone}
Persistent=true

[Install]
WantedBy=timers.target
"""


def launchd_agent(label: str, command: Sequence[str], schedule: Schedule, log: Path) -> str:
    """A launch agent; launchd runs it at wake when a time was slept over.

    schedule: on the machine's own clocks. log: where the refresh's talk is appended.
    """
    _require_plain(command, "")
    agent = {
        "Label": label,
        "ProgramArguments": list(command),
        "StartCalendarInterval": [
            {"Weekday": day, "Hour": schedule.at.hour, "Minute": schedule.at.minute}
            for day in schedule.days
        ],
        "StandardOutPath": str(log),
        "StandardErrorPath": str(log),
        "ProcessType": "Background",
    }
    return plistlib.dumps(agent, sort_keys=False).decode()


def cron_line(name: str, command: Sequence[str], schedule: Schedule) -> str:
    """A line of a crontab, marked with the name. cron makes up for nothing that was slept over.

    schedule: on the machine's own clocks.
    """
    _require_plain(command, "\\")  # what cron makes of a backslash differs from cron to cron
    days = ",".join(str(day % 7) for day in sorted(schedule.days))
    words = shlex.join(command).replace("%", r"\%")
    return f"{schedule.at.minute} {schedule.at.hour} * * {days} {words} {_mark(name)}"


def crontab_with(crontab: str, name: str, line: str | None) -> str:
    """The crontab with that line in place of the one so marked, all else as it is.

    line: None to have none.
    """
    lines = crontab.splitlines(keepends=True)
    kept = "".join(each for each in lines if not each.rstrip().endswith(_mark(name)))
    if line is None:
        return kept
    return kept + ("" if not kept or kept.endswith("\n") else "\n") + f"{line}\n"


def _mark(name: str) -> str:
    return f"# {name}"  # to the shell that cron starts, a comment


def _systemd_word(word: str) -> str:
    _require_plain([word], "")
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def _require_plain(command: Sequence[str], refused: str) -> None:
    for word in command:
        if not word.isprintable() or any(sign in word for sign in refused):
            reason = "holds a character that cannot stand in a schedule"
            raise NotScheduled(ascii(word), reason, hint="move it to a plain path")


def _runs_around(now: datetime, schedule: Schedule) -> list[datetime]:
    """Every run from more than a week before `now` to more than a week after it."""
    today = now.astimezone(ZoneInfo(schedule.timezone)).date()
    days = (today + timedelta(days=number) for number in range(-9, 10))
    return [
        _moment(day, schedule.at, schedule.timezone)
        for day in days
        if day.isoweekday() in schedule.days
    ]


def _moment(day: date, at: time, timezone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(timezone)).astimezone(UTC)


def _shifted(days: Sequence[int], by: int) -> tuple[int, ...]:
    return tuple(sorted((day - 1 + by) % 7 + 1 for day in days))
