"""The private database of a stage, on the disk of the machine that runs it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tenet import runner
from tenet.database import Error, connect, trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenet.database import Connection

_PREFIX = "tenet-stage-"


@dataclass(frozen=True)
class Power:
    """What a stage may use of its machine; memory in bytes."""

    threads: int
    memory: int


@contextmanager
def private_database(power: Power) -> Iterator[Connection]:
    """A connection to a database of its own in the machine's temporary folder, removed at the end.

    What killed processes left there is removed first. Raises HomeNotWritable, LakeCorrupt.
    """
    with _private_folder() as folder:
        connection = connect()
        try:
            runner.open_private(connection, folder / "stage.duckdb")
            connection.execute(f"set threads = {power.threads}")
            connection.execute(f"set memory_limit = '{power.memory}B'")
            yield connection
        except (Error, OSError) as error:
            raise trouble(error, folder) from error
        finally:
            connection.close()


@contextmanager
def _private_folder() -> Iterator[Path]:
    from filelock import FileLock

    parent = Path(tempfile.gettempdir())
    _remove_leftovers(parent)
    folder = parent / f"{_PREFIX}{uuid4().hex}"
    with FileLock(f"{folder}.lock", mode=0o600):  # held for as long as the folder is there
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    Path(f"{folder}.lock").unlink(missing_ok=True)


def _remove_leftovers(parent: Path) -> None:
    from filelock import FileLock, Timeout

    for lock in parent.glob(f"{_PREFIX}*.lock"):
        with suppress(Timeout, OSError), FileLock(lock, timeout=0):  # its process is no more
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
