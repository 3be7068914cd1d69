"""What one process costs, from its start to its end: wall time, CPU time and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from tenet.errors import TenetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
_LEFT_OUT = ("TENET_", "PYTHONDONTWRITEBYTECODE")
"""Settings of the caller; and without its bytecode every process would compile Python first."""


@dataclass(frozen=True)
class Run:
    """One finished process: seconds, seconds of all cores together, bytes, and what it printed."""

    wall: float
    cpu: float
    peak: int
    output: str


def run(command: Sequence[str], *, inside: Path | None = None) -> Run:
    """Run a command to its end, without any TENET_* setting of the caller.

    inside: the folder that it is run in; `python -m` looks there first.

    The kernel counts the caller's own memory at the start as the child's, so a caller who wants
    true peaks stays small: it loads neither DuckDB nor tables.
    Raises TenetError, with what the command complained of, when it fails.
    """
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith(_LEFT_OUT)
    }
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as talk:
        started = perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=inside, stdout=output, stderr=talk)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        talk.seek(0)
        if process.returncode:
            raise TenetError(f"{' '.join(command)} failed", hint=talk.read()[-500:].strip())
        cpu = usage.ru_utime + usage.ru_stime
        return Run(wall, cpu, usage.ru_maxrss * _PEAK_UNIT, output.read())
