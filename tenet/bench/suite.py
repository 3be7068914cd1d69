"""The contest: tenet's own commands and what they are compared with, taking turns on one home."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tenet.bench.contestants import contestants, set_stage
from tenet.bench.homes import PYTHON, prepare
from tenet.bench.households import household
from tenet.bench.measure import Run, run
from tenet.errors import TenetError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from tenet.bench.contestants import Contestant

Runs = dict[str, list[Run]]

_warmed: list[str] = []


def contest(
    size: str,
    place: Path,
    repeat: int,
    note: Callable[[str], None],
    *,
    only: Collection[str] = (),
) -> dict[str, Any]:
    """Every contestant `repeat` times, in turns, on a household of `size` made below `place`.

    note: told what happens. only: these contestants, and no others.
    Once in a process a turn on the small household comes first and does not count: it compiles
    what is not compiled yet.
    Returns facts of the household, `runs` by contestant, the `seconds` of each model in the last
    build, and of each of the `answers` that a screen asks for.
    Raises BenchTooLarge, and TenetError when a process fails or a build has not its rows.
    """
    place = place.resolve()
    if not _warmed:
        _turns("small", place.with_name("bench-warm"), 1, note, only)
        _warmed.append(size)
    runs = _turns(size, place, repeat, note, only)
    asked = run([PYTHON, "-m", "tenet.bench.queries", str(place / "home")])
    build = _build(place / "home")
    facts = {"daily_values": _rows(build), "file_bytes": _bytes(place / "home")}
    return {
        "household": asdict(household(size)) | facts,
        "runs": runs,
        "seconds": build["seconds"],
        "answers": json.loads(asked.output),
    }


def _turns(
    size: str, place: Path, repeat: int, note: Callable[[str], None], only: Collection[str]
) -> Runs:
    prepare(size, place, note)
    set_stage(place)
    chosen = {
        name: one for name, one in contestants(size, place).items() if not only or name in only
    }
    runs: Runs = {name: [] for name in chosen}
    for turn in range(repeat):
        for name, one in chosen.items():
            note(f"{size}: turn {turn + 1} of {repeat}, {name}")
            one.forget()
            runs[name].append(run(one.command, inside=one.inside))
            _require_rows(name, one)
    return runs


def _require_rows(name: str, one: Contestant) -> None:
    if one.builds:
        home, wanted = one.builds
        if (rows := _rows(_build(home))) != wanted:
            raise TenetError(f"{name}: {rows:,} daily values instead of {wanted:,}")


def _build(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "build.json").read_text())
    return found


def _rows(build: dict[str, Any]) -> int:
    return int(build["row_counts"]["daily_holding_values"])


def _bytes(home: Path) -> dict[str, int]:
    raw = sum(file.stat().st_size for file in (home / "raw").rglob("*.parquet"))
    return {"raw": raw, "published": (home / "tenet.duckdb").stat().st_size}
