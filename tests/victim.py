"""Commands that are killed: each line of stdin is one, run in a forked process of its own.

`{"arguments": [...]}` runs to its end; with `"step": 7` the process kills itself (-9) at the
seventh change that Python makes to a file of the home, with `"seconds": 0.1` it is killed after
that time. `"within"` names another folder than the home; `"writer"` a writer of tests/writers.py,
in place of a command: its arguments are the home, the round and the attempt.
Answers with the exit code, negative for a signal. Forking spares the start of Python each time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import writers

import tenet.backups
import tenet.build
import tenet.cli.keeping
import tenet.cli.refreshing
import tenet.cli.writing
import tenet.imports
import tenet.refresh.run
import tenet.settings  # noqa: F401 (what the commands import when asked, imported once here)
from tenet.cli import main

CHANGES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def run(order: dict[str, Any]) -> None:
    """The order in this process, with its talk thrown away."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    steps, home = 0, order["arguments"][0 if "writer" in order else 1]
    within = order.get("within", home)

    def count(event: str, found: tuple[Any, ...]) -> None:
        nonlocal steps
        is_change = event in CHANGES and (event != "open" or found[2] & WRITING)
        if is_change and str(found[0]).startswith(within):
            steps += 1
            if steps == order.get("step"):
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    if writer := order.get("writer"):
        writers.run(writer, Path(home), *order["arguments"][1:])
        os._exit(0)
    sys.argv = ["tenet", *order["arguments"]]
    main()


def serve() -> None:
    """Answer each line until there is none."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            run(order)
        if "seconds" in order:
            time.sleep(order["seconds"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
