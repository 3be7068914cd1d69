"""The home folder: where it is, what lies in it, and who is writing to it."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenet.errors import HomeMissing, HomeNotWritable, RefreshRunning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

Info = dict[str, Any]
"""The row of `build_info`, as JSON values."""


def locate(option: str | Path | None = None) -> Path:
    """The home folder: the option, else TENET_HOME, else the platform's user-data folder."""
    chosen = option or os.environ.get("TENET_HOME")
    if not chosen:
        from platformdirs import user_data_dir

        chosen = user_data_dir("tenet", appauthor=False)
    return Path(chosen).expanduser().absolute()


def require(home: Path) -> Path:
    """The home itself. Raises HomeMissing unless it is a folder."""
    if not home.is_dir():
        raise HomeMissing(home)
    return home


def make(home: Path) -> Path:
    """The home itself, made when missing (mode 0700). Raises HomeNotWritable."""
    try:
        make_private_folder(home)
    except OSError as error:
        raise HomeNotWritable(home, error.strerror or str(error)) from error
    return home


def make_private_folder(path: Path) -> None:
    """Make a folder and its missing parents, mode 0700."""
    for folder in [*reversed(path.parents), path]:
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Replace a small file whole (mode 0600), so that no reader ever sees half of it."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.writing")
    try:
        aside.write_text(text)
        aside.chmod(0o600)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise HomeNotWritable(path.parent, error.strerror or str(error)) from error


def published(home: Path) -> Path:
    """The database that everyone reads."""
    return home / "tenet.duckdb"


def build_note(home: Path) -> Path:
    """The small file beside the database: `build_info`, and each account's last snapshot."""
    return home / "build.json"


def sync_note(home: Path) -> Path:
    """The small file that tells how each account's last sync went."""
    return home / "sync.json"


def last_syncs(home: Path) -> list[Info]:
    """How each account's last sync went, by account; empty when there was none."""
    try:
        found = json.loads(sync_note(home).read_text())
    except (OSError, ValueError):
        return []
    rows = found if isinstance(found, list) else []
    return [row for row in rows if isinstance(row, dict) and "account_id" in row]


def last_build(home: Path) -> Info | None:
    """The facts of the published build, without opening it; None when there is none."""
    try:
        info: Any = json.loads(build_note(home).read_text())
    except (OSError, ValueError):
        return None
    is_note = isinstance(info, dict) and "revision" in info
    return info if is_note and published(home).is_file() else None


@contextmanager
def writing(home: Path, at: datetime, *, patience: float = 0) -> Iterator[None]:
    """Hold the home's one lock for writers.

    at: now, written down for whoever finds the lock taken. patience: seconds to wait for it.
    Raises RefreshRunning when another process holds it (at once without patience), HomeNotWritable.
    """
    from filelock import FileLock, Timeout

    lock, holder = FileLock(home / ".lock", mode=0o600), home / ".lock.holder"
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        facts = holder.read_text() if holder.exists() else "starting just now"
        raise RefreshRunning(home, facts) from error
    except OSError as error:
        raise HomeNotWritable(home, error.strerror or str(error)) from error
    try:
        remove_leftovers(home)
        write_whole(holder, f"pid {os.getpid()}, since {at:%Y-%m-%d %H:%M:%S} UTC")
        yield
    except OSError as error:
        raise HomeNotWritable(home, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def remove_leftovers(home: Path) -> None:
    """Remove what a killed writer left unfinished. Only for the holder of the lock."""
    for pattern in ("*.writing", "tenet.duckdb.*.*", "raw/.incoming"):
        for path in home.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
