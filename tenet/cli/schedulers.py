"""The system's schedulers: what each is told to run a home's refresh, and how it is told.

systemd and launchd read a file and are then told so by a program of theirs; cron has no file but
its crontab, of which only the line with our mark is ever changed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenet import scheduling
from tenet.errors import NotScheduled
from tenet.home import make, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenet.scheduling import Schedule

KINDS = ("systemd", "launchd", "cron")


@dataclass(frozen=True)
class Job:
    """A refresh to be scheduled. local: the schedule on the machine's own clocks."""

    name: str
    command: tuple[str, ...]
    schedule: Schedule
    local: Schedule


def usual_kind() -> str | None:
    """The scheduler of this platform; None where tenet knows of none."""
    if sys.platform == "win32":
        return None
    if sys.platform == "darwin":
        return "launchd"
    return "systemd" if shutil.which("systemctl") else "cron"


def files(kind: str, job: Job) -> dict[Path, str]:
    """The files that tell the scheduler, where it looks for them; none for cron."""
    if kind == "systemd":
        from platformdirs import user_config_path

        folder = user_config_path() / "systemd" / "user"
        return {
            folder / f"{job.name}.service": scheduling.systemd_service(job.command),
            folder / f"{job.name}.timer": scheduling.systemd_timer(job.schedule),
        }
    if kind == "launchd":
        library = Path.home() / "Library"
        log = library / "Logs" / f"{job.name}.log"
        agent = scheduling.launchd_agent(job.name, job.command, job.local, log)
        return {library / "LaunchAgents" / f"{job.name}.plist": agent}
    return {}


def text(kind: str, job: Job) -> str:
    """All that the scheduler is to be told, for people to read or to put into place themselves."""
    if kind == "cron":
        return scheduling.cron_line(job.name, job.command, job.local)
    found = files(kind, job)
    if kind == "launchd":  # one file, whole as it is
        return "".join(found.values())
    return "\n".join(f"# {path}\n{content}" for path, content in found.items())


def install(kind: str, job: Job, say: Callable[[str], None]) -> bool:
    """Write the files and tell the scheduler. say: told what was done, and what is left to do.

    Returns whether the scheduler knows now. Raises NotScheduled, HomeNotWritable.
    """
    if kind == "cron":
        _edit_crontab(job.name, scheduling.cron_line(job.name, job.command, job.local))
        say("put one line into your crontab; the others are as they were")
        return True
    for path, content in files(kind, job).items():
        make(path.parent)
        write_whole(path, content)
        say(f"wrote {path}")
    if kind == "launchd":
        agent, domain = next(iter(files(kind, job))), f"gui/{os.getuid()}"
        _tell(["launchctl", "bootout", f"{domain}/{job.name}"])  # an earlier one, if there is one
        return _tell_all([["launchctl", "bootstrap", domain, str(agent)]], say)
    timer = f"{job.name}.timer"
    steps = (["daemon-reload"], ["enable", timer], ["restart", timer])  # starts it, at a new time
    return _tell_all([_systemctl(*words) for words in steps], say)


def uninstall(kind: str, job: Job, say: Callable[[str], None]) -> bool:
    """Take back what `install` did; what is not there is no error.

    Returns whether the scheduler knows. Raises NotScheduled.
    """
    if kind == "cron":
        found = _edit_crontab(job.name, None)
        say("took the line out of your crontab" if found else "your crontab holds no such line")
        return True
    paths = [path for path in files(kind, job) if path.exists()]
    if not paths:
        say("nothing is installed for this home")
        return True
    if kind == "launchd":
        is_told = _tell_all([["launchctl", "bootout", f"gui/{os.getuid()}/{job.name}"]], say)
    else:
        is_told = _tell_all([_systemctl("stop", f"{job.name}.timer")], say)
        paths += paths[0].parent.glob(f"*.wants/{job.name}.timer")  # what `enable` linked
    for path in paths:
        path.unlink(missing_ok=True)
        say(f"removed {path}")
    if kind == "systemd":
        is_told = _tell_all([_systemctl("daemon-reload")], say) and is_told
    return is_told


def _systemctl(*words: str) -> list[str]:
    return ["systemctl", "--user", *words]


def _tell_all(commands: Sequence[Sequence[str]], say: Callable[[str], None]) -> bool:
    """Run the commands up to the first that fails; that one and the rest are left to the user."""
    for number, command in enumerate(commands):
        if problem := _tell(command):
            say(f"{command[0]}: {problem}")
            for left in commands[number:]:
                say(f"  next: {shlex.join(left)}")
            return False
    return True


def _tell(command: Sequence[str]) -> str | None:
    """Run a command. Returns what was wrong, None where all was well."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return error.strerror or str(error)
    said = " ".join(run.stderr.split())
    return (said or f"exit code {run.returncode}") if run.returncode else None


def _edit_crontab(name: str, line: str | None) -> bool:
    """Put the line with our mark into the crontab, or take it out. Returns whether it changed.

    Bytes that are no text are kept as they are. Raises NotScheduled; the crontab is as it was then.
    """
    before = _crontab(["-l"])
    after = scheduling.crontab_with(before, name, line)
    if after != before:
        _crontab(["-"], after)
    return after != before


def _crontab(words: Sequence[str], given: str | None = None) -> str:
    try:
        run = subprocess.run(
            ["crontab", *words],
            input=None if given is None else given.encode(errors="surrogateescape"),
            capture_output=True,
            check=False,
            env=os.environ | {"LC_ALL": "C"},  # so that "no crontab" is said in these words
        )
    except OSError as error:
        hint = "`tenet schedule --kind cron` prints the line; --run needs no scheduler"
        raise NotScheduled("crontab", error.strerror or str(error), hint=hint) from error
    said = run.stderr.decode(errors="replace").strip()
    if run.returncode == 0:
        return run.stdout.decode(errors="surrogateescape")
    if given is None and ("no crontab" in said or "No such file" in said):
        return ""  # as cron says it, and BusyBox
    hint = "nothing was changed; `tenet schedule --kind cron` prints the line to add"
    raise NotScheduled("crontab", said or f"exit code {run.returncode}", hint=hint)
