"""The contest: tenet's own commands and what they are compared with, taking turns on one home."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tenet.bench.households import HOUSEHOLDS, LAST_DAY, SETTINGS
from tenet.bench.measure import Run, run
from tenet.errors import TenetError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Runs = dict[str, list[Run]]

PYTHON = sys.executable
LOOPED = ("small", "family")
"""Sizes on which plain Python is asked to do it too."""


def contest(size: str, place: Path, repeat: int, note: Callable[[str], None]) -> dict[str, Any]:
    """Every contestant `repeat` times, in turns, on a household of `size` made below `place`.

    note: told what happens. Returns facts of the household, `runs` by contestant, and the `seconds`
    of each model in the last build.
    Raises TenetError when a process fails or a build has not the rows that it must have.
    """
    prepare(size, place, note)
    commands = _commands(size, place)
    runs: Runs = {name: [] for name in commands}
    for turn in range(repeat):
        for name, command in commands.items():
            note(f"{size}: turn {turn + 1} of {repeat}, {name}")
            _forget(name, place)
            runs[name].append(run(command))
    build = json.loads((place / "home" / "build.json").read_text())
    household, rows = HOUSEHOLDS[size], build["row_counts"]["daily_holding_values"]
    if rows != household.daily_values:
        raise TenetError(f"{size}: {rows:,} daily values instead of {household.daily_values:,}")
    facts = asdict(household) | {"daily_values": rows, "file_bytes": _size(place)}
    return {"household": facts, "runs": runs, "seconds": build["seconds"]}


def prepare(size: str, place: Path, note: Callable[[str], None]) -> None:
    """Make a household of `size` below `place`: the folder `import`, landed in the home `home`."""
    note(f"{size}: inventing a household of {HOUSEHOLDS[size].daily_values:,} daily values")
    shutil.rmtree(place, ignore_errors=True)
    for home in ("home", "new"):
        (place / home).mkdir(parents=True)
        (place / home / "tenet.toml").write_text(SETTINGS)
    run([PYTHON, "-m", "tenet.bench.households", size, str(place / "import")])
    run(tenet_command(place / "home", "import", str(place / "import")))


def _commands(size: str, place: Path) -> dict[str, list[str]]:
    """The contestants in the order of their turns: a build comes before what needs it."""
    home, published = place / "home", str(place / "home" / "tenet.duckdb")
    build = tenet_command(home, "build", "--today", str(LAST_DAY))
    floors = [PYTHON, "-m", "tenet.bench.floors"]
    commands = {
        "python": [PYTHON, "-c", ""],
        "duckdb": [PYTHON, "-c", "from tenet.database import connect; connect()"],
        "import": tenet_command(place / "new", "import", str(place / "import")),
        "scan": [*floors, "scan", str(home)],
        "build": build,
        "build unchanged": build,
        "status": tenet_command(home, "status"),
        "copy": [*floors, "copy", published, str(place / "copy.duckdb")],
        "arrays": [*floors, "arrays", published],
    }
    if size in LOOPED:
        commands["loop"] = [*floors, "loop", str(home), str(place / "loop.csv")]
    return commands


def tenet_command(home: Path, *words: str) -> list[str]:
    """The command line of tenet on a home."""
    return [PYTHON, "-m", "tenet", "--home", str(home), *words]


def _forget(name: str, place: Path) -> None:
    """Take back what an earlier turn of this contestant left."""
    if name == "import":
        shutil.rmtree(place / "new" / "raw", ignore_errors=True)
    elif name == "copy":
        (place / "copy.duckdb").unlink(missing_ok=True)
    elif name == "build":
        for file in ("tenet.duckdb", "build.json"):
            (place / "home" / file).unlink(missing_ok=True)


def _size(place: Path) -> dict[str, int]:
    raw = sum(file.stat().st_size for file in (place / "home" / "raw").rglob("*.parquet"))
    return {"raw": raw, "published": (place / "home" / "tenet.duckdb").stat().st_size}
