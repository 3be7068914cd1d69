"""What each answer of a workspace's summary costs, beside floors of the same run.

The floors: `stat` asks the file system for one file, `select` opens the published file for one row.
`look` is what a read spends on freshness in a home without a local source. What has `process` in
its name is a whole one, from the start of Python.
`python -m tenet.bench.freshness HOME TURNS` measures a built home, in one process.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

from tenet.bench.homes import PYTHON, prepare, tenet_command
from tenet.bench.households import HOUSEHOLDS, LAST_DAY
from tenet.bench.measure import run
from tenet.bench.report import heading, origin
from tenet.errors import TenetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenet.workspace import Workspace

NOW = datetime.combine(LAST_DAY, time(22), UTC)
LANDED_AT = datetime(2100, 1, 1, tzinfo=UTC)
"""After the import, whenever that is: landings come one after the other."""

ANSWERS = ("miss", "hit-revision", "progress-section", "stale")
QUICK = 20
"""How often in a turn what takes no time is measured."""

_COLD = "import sys, tenet; tenet.open(sys.argv[1]).summary()"


def contest(size: str, place: Path, repeat: int, note: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of every answer and floor, `repeat` turns, on a household of `size` below `place`.

    note: told what happens. Raises TenetError when a process fails or answers otherwise.
    """
    prepare(size, place, note)
    home = place / "home"
    run(tenet_command(home, "build", "--today", str(LAST_DAY)))
    cold = [PYTHON, "-c", _COLD, str(home)]
    seconds: dict[str, list[float]] = {}
    for turn in range(repeat):
        note(f"{size}: turn {turn + 1} of {repeat}")
        (home / "summary.json").unlink(missing_ok=True)
        for name, command in {
            "python process": [PYTHON, "-c", ""],
            "miss process": cold,
            "hit-revision process": cold,
        }.items():
            seconds.setdefault(name, []).append(run(command).wall)
    note(f"{size}: {repeat} turns in one process, a build in each")
    command = [PYTHON, "-m", "tenet.bench.freshness", str(home), str(repeat)]
    return {"daily_values": HOUSEHOLDS[size].daily_values} | {
        "seconds": json.loads(run(command).output) | seconds
    }


def measured(home: Path, turns: int) -> dict[str, list[float]]:
    """Seconds of each answer and of the floors, in this process.

    Raises TenetError when a state gives another answer than it must.
    """
    from tenet.freshness import pull_stale
    from tenet.workspace import Workspace

    workspace = Workspace(home, now=lambda: NOW)
    seconds: dict[str, list[float]] = {}

    def take(name: str, call: Callable[[], object], times: int = 1) -> None:
        for _ in range(times):
            started = perf_counter()
            found = call()
            seconds.setdefault(name, []).append(perf_counter() - started)
            if name in ANSWERS and found != name:
                raise TenetError(f"the summary is {found} and must be {name}")

    def answered(*, force: bool = False) -> str:
        return workspace.summary(force=force).status

    for turn in range(turns):
        take("stat", (home / "build.json").stat, QUICK)
        take("select", lambda: _one_row(workspace), QUICK)
        take("look", lambda: pull_stale(home, lambda: NOW), QUICK)
        take("miss", lambda: answered(force=True), QUICK)
        take("hit-revision", answered, QUICK)
        _land_log(home, turn)
        take("progress-section", answered)
        _land_close(home, turn)
        take("stale", answered)
        while answered() == "stale":
            sleep(0.1)
    return seconds


def report(contests: dict[str, dict[str, Any]], at: datetime) -> dict[str, Any]:
    """All of it, ready for JSON.

    contests: what `contest` returned, by size. at: now.
    Ratios divide the least of the runs by the least.
    """
    return origin(at) | {
        "sizes": {
            size: found
            | {
                "to_select": _ratios(found["seconds"], "select"),
                "to_python": _ratios(found["seconds"], "python process"),
            }
            for size, found in contests.items()
        }
    }


def table(found: dict[str, Any]) -> str:
    """The report for people, as text."""
    lines = heading(found)
    for size, part in found["sizes"].items():
        lines += ["", f"{size}: {part['daily_values']:,} daily values"]
        lines.append(f"  {'milliseconds':22}{'least':>11}{'median':>11}{'to select':>11}")
        for name, walls in part["seconds"].items():
            numbers = f"{min(walls) * 1e3:11.3f}{median(walls) * 1e3:11.3f}"
            lines.append(f"  {name:22}{numbers}{part['to_select'][name]:11.3f}")
    return "\n".join(lines)


def _ratios(seconds: dict[str, list[float]], floor: str) -> dict[str, float]:
    return {name: min(walls) / min(seconds[floor]) for name, walls in seconds.items()}


def _one_row(workspace: Workspace) -> object:
    with workspace.connection() as connection:
        return connection.execute("select through_date from build_info").fetchone()


def _land_log(home: Path, turn: int) -> None:
    """A sync that brought no holdings."""
    from tenet import lake
    from tenet.frames import frame

    at = LANDED_AT + timedelta(days=turn)
    session = {"session_id": f"{turn}", "started_at": at, "is_complete": True}
    log = {"session_id": f"{turn}", "provider": "bench", "status": "success", "accounts_stale": 6}
    tables = {
        "sync_sessions": frame("sync_sessions", [session]),
        "sync_log": frame("sync_log", [log]),
    }
    lake.land(home, "sync", tables, at=at)


def _land_close(home: Path, turn: int) -> None:
    """A close of the last day."""
    from tenet import lake
    from tenet.frames import frame

    at = LANDED_AT + timedelta(days=turn, hours=1)
    close = {
        "security_id": "S0001",
        "price_date": LAST_DAY,
        "source": "yahoo",
        "close": 100 + turn,
        "currency": "USD",
        "basis": "as_traded",
        "observed_at": at,
    }
    lake.land(home, "prices", {"closes": frame("closes", [close])}, at=at)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(Path(sys.argv[1]), int(sys.argv[2]))))
