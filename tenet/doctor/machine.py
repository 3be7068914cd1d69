"""The home folder and the machine under it."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tenet.doctor.finding import fault, ok, several, warning
from tenet.home import published
from tenet.landings import landings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenet.doctor.finding import Finding
    from tenet.settings import Settings

FIRST_YEAR, LAST_YEAR = 2024, 2099
SPARE = 3
"""A build needs the size of the published file again, and as much for what it spills."""

_LEFT = ("*.writing", "tenet.duckdb.*.*", "raw/.incoming/*")


def settings(settings: Settings) -> Iterator[Finding]:
    """Whether the days are the same on another machine."""
    if "timezone" in settings.model_fields_set:
        yield ok("settings", f"days of {settings.timezone}, amounts in {settings.base_currency}")
    else:
        found = f"no time zone is set; the days are those of this machine, {settings.timezone}"
        todo = f'put timezone = "{settings.timezone}" into {settings.home / "tenet.toml"}'
        yield warning("settings", found, todo)


def permissions(settings: Settings) -> Iterator[Finding]:
    """Whether only the owner can read the home, and its files of secrets wherever they lie."""
    home = settings.home
    if os.name != "posix":
        return
    faults = 0
    for path in (home, *_secret_files(settings)):
        if _is_open(path):
            faults += 1
            mode = f"{path.stat().st_mode & 0o777:o}"
            yield fault("permissions", f"others can read {path} ({mode})", f"chmod go= {path}")
    if not os.access(home, os.W_OK | os.X_OK):
        faults += 1
        yield fault("permissions", f"{home} cannot be written to", f"chmod u+rwx {home}")
    inside = [path for path in home.rglob("*") if not path.is_symlink() and _is_open(path)]
    if inside:
        listed = several([str(path.relative_to(home)) for path in inside], "open file")
        yield warning("permissions", listed, f"chmod -R go= {home}")
    elif not faults:
        yield ok("permissions", "only you can read the home")


def clock(settings: Settings, at: datetime) -> Iterator[Finding]:
    """Whether this machine's clock can be right: the newest landing counts by its time."""
    landed = landings(settings.home)
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        yield fault("clock", f"it says {at:%Y-%m-%d}", "set this machine's clock")
    elif landed and (last := _landed_at(landed[-1].landing_id)) and last > at + timedelta(hours=1):
        found = f"{landed[-1].landing_id} was landed after now, {at:%Y-%m-%d %H:%M} UTC"
        todo = "set this machine's clock; until then, what is landed now counts as the older"
        yield fault("clock", found, todo)
    else:
        yield ok("clock", f"{at:%Y-%m-%d %H:%M} UTC")


def disk(settings: Settings) -> Iterator[Finding]:
    """Whether a build fits on the disk."""
    path = published(settings.home)
    size = path.stat().st_size if path.exists() else 0
    free = shutil.disk_usage(settings.home).free
    found = f"{free // 2**20:,} MB free, the published file has {size // 2**20:,} MB"
    if free < size:
        yield fault("disk", found, "free space; the next build cannot be published")
    elif free < SPARE * size:
        yield warning("disk", found, "free space before the next build needs it")
    else:
        yield ok("disk", found)


def leftovers(settings: Settings) -> Iterator[Finding]:
    """What killed writers left; nothing while one is at work, since it may be its own."""
    home = settings.home
    found = [path.name for pattern in _LEFT for path in home.glob(pattern)]
    if found and not _is_busy(home):
        todo = "nothing: the next command that writes removes them"
        yield warning("leftovers", several(found, "leftover of a killed writer"), todo)
    else:
        yield ok("leftovers", "a writer is at work" if found else "none")


def _secret_files(settings: Settings) -> list[Path]:
    named = [settings.coinbase.key_file, settings.schwab.token_file]
    paths = [settings.home / ".env", *(path.expanduser() for path in named if path)]
    return [path for path in paths if path.exists()]


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077)
    except FileNotFoundError:
        return False


def _landed_at(landing_id: str) -> datetime | None:
    try:
        return datetime.strptime(landing_id[:23], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _is_busy(home: Path) -> bool:
    from filelock import FileLock, Timeout

    try:
        with FileLock(home / ".lock", timeout=0, mode=0o600):
            return False
    except Timeout:
        return True
