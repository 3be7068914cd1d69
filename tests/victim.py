"""Commands that are killed: each line of stdin is one, run in a forked process of its own.

`{"arguments": [...]}` runs to its end; with `"step": 7` the process kills itself (-9) at the
seventh thing that Python does to a file of the home, with `"seconds": 0.1` it is killed after that
time.
Answers with the exit code, negative for a signal. Forking spares the start of Python each time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

import tenet.build
import tenet.cli.refreshing
import tenet.cli.writing
import tenet.imports
import tenet.refresh.run
import tenet.settings  # noqa: F401 (what the commands import when asked, imported once here)
from tenet.cli import main

CHANGES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree"}


def run(arguments: list[str], home: str, step: int | None) -> None:
    """The command in this process, with its talk thrown away."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    steps = 0

    def count(event: str, found: tuple[Any, ...]) -> None:
        nonlocal steps
        if event in CHANGES and str(found[0]).startswith(home):
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    sys.argv = ["tenet", *arguments]
    main()


def serve() -> None:
    """Answer each line until there is none."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            run(order["arguments"], order["arguments"][1], order.get("step"))
        if "seconds" in order:
            time.sleep(order["seconds"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
