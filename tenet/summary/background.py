"""The one build that runs while the old answer is given."""

from __future__ import annotations

import subprocess
import sys
import time
from threading import Thread
from typing import TYPE_CHECKING

from tenet.errors import RefreshRunning

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

BUSY_PAUSE = 5.0
"""Seconds before it is tried again while another writer is at work."""


class BackgroundBuild:
    """At most one build of a home at a time, once for each state of the lake.

    It is a process of its own, which the home's lock keeps single across processes. It outlives
    this one: a thread of DuckDB that Python's end cuts off would abort the interpreter.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._thread: Thread | None = None
        self._built: str | None = None
        self._error: str | None = None

    def start(self, landings: str, through: date) -> None:
        """Build all that is landed, unless one is at it or these landings were tried before.

        landings: their watermark. through: the last valuation date.
        """
        if self._built == landings or (self._thread and self._thread.is_alive()):
            return
        self._built, self._error = landings, None
        command = [sys.executable, "-m", "tenet", "--home", str(self._home), "--quiet"]
        try:
            process = subprocess.Popen(
                [*command, "build", "--today", through.isoformat()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,  # so that Ctrl-C in a notebook does not end it
            )
        except OSError as error:
            self._error = f"{sys.executable}: {error.strerror or error}"
            return
        self._thread = Thread(target=self._wait, args=(process,), daemon=True)
        self._thread.start()

    def error_of(self, landings: str) -> str | None:
        """Why the build of these landings failed; None while it runs, or when it did not."""
        return self._error if self._built == landings else None

    def _wait(self, process: subprocess.Popen[str]) -> None:
        _, said = process.communicate()
        if process.returncode == RefreshRunning.exit_code:
            time.sleep(BUSY_PAUSE)
            self._built = None
        elif process.returncode:
            self._error = said.strip() or f"exit code {process.returncode}"
