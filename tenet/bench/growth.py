"""What a build costs as a household grows: in rows, in years, in the number of its landings.

`rows` and `years` are households like those of `tenet bench`. `landings` are ten years of syncs,
the same rows each time (tenet/bench/landed.py), in more and more landings: a full build, and that
of one new day, before and after `tenet compact`.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from tenet.bench.homes import (
    PUBLISHED,
    PYTHON,
    make_home,
    prepare,
    tenet_command,
    unpublish,
)
from tenet.bench.households import LAST_DAY, household
from tenet.bench.measure import run
from tenet.bench.report import heading, origin
from tenet.bench.tomorrow import NEXT_DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tenet.bench.measure import Run

    Note = Callable[[str], None]
    Point = dict[str, Any]
    Line = tuple[str, ...]

ROWS = ("3x3x11x40", "5x3x25x100", "5x6x50x200", "5x12x50x200", "10x12x50x400", "10x12x100x600")
YEARS = ("1x6x20x100", "2x6x20x100", "5x6x20x100", "10x6x20x100", "20x6x20x100")
LANDINGS = (1, 100, 1_000, 5_000, 20_000)


def contest(size: str, place: Path, repeat: int, note: Note) -> dict[str, list[Point]]:
    """The points of each line, the least of `repeat` turns each.

    size: of no matter here. note: told what happens. Raises TenetError when a process fails.
    """
    del size
    place = place.resolve()
    return {
        "rows": [_household(one, place, repeat, note) for one in ROWS],
        "years": [_household(one, place, repeat, note) for one in YEARS],
        "landings": [
            point for count in LANDINGS for point in _landings(count, place, repeat, note)
        ],
    }


def report(contests: dict[str, dict[str, list[Point]]], at: datetime) -> dict[str, Any]:
    """All of it, ready for JSON: seconds and bytes. at: now."""
    (found,) = contests.values()
    return origin(at) | {"growth": found}


def table(found: dict[str, Any]) -> str:
    """The report for people, as text."""
    lines = heading(found)
    for header, rows in _tables(found):
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines.append("")
        for row in (header, *rows):
            cells = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            lines.append("  " + "  ".join(cells))
    return "\n".join(lines)


def markdown(found: dict[str, Any]) -> str:
    """The report as the tables of docs/performance.md."""
    parts = ["\n".join(f"{line}." for line in heading(found))]
    for header, rows in _tables(found):
        lines = [header, ("---:",) * len(header), *rows]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts)


def _tables(found: dict[str, Any]) -> list[tuple[Line, list[Line]]]:
    """A header and rows of text for each line of growth."""
    growth = found["growth"]
    costs = ("build, wall s", "CPU s", "peak MB")
    tables: list[tuple[Line, list[Line]]] = [
        (
            ("daily values", "years", *costs),
            [
                (f"{point['daily_values']:,}", f"{point['years']}", *_costs(point["build"]))
                for point in growth[line]
            ],
        )
        for line in ("rows", "years")
    ]
    rows: list[Line] = [
        (
            f"{point['landings']:,}" + (", compacted" if point["is_compacted"] else ""),
            f"{point['files']:,}",
            *_costs(point["build"]),
            f"{point['one new day']['wall']:.2f}",
            f"{point['one new day']['cpu']:.2f}",
            f"{point['status']['wall']:.2f}",
            f"{point['compact']['wall']:.1f}" if "compact" in point else "",
        )
        for point in growth["landings"]
    ]
    header = ("landings", "files", *costs, "one new day, wall s", "CPU s", "status", "compacting")
    return [*tables, (header, rows)]


def _costs(cost: dict[str, float]) -> tuple[str, str, str]:
    return f"{cost['wall']:.2f}", f"{cost['cpu']:.2f}", f"{cost['peak'] / 1e6:.0f}"


def _household(size: str, place: Path, repeat: int, note: Note) -> Point:
    prepare(size, place, note)
    home, one = place / "home", household(size)
    runs = [_built(home, str(LAST_DAY)) for _ in range(repeat)]
    build = _least(runs)
    note(f"built in {build['wall']:.1f} s, {build['cpu']:.1f} s of CPU")
    return {"daily_values": one.daily_values, "years": one.years, "build": build}


def _landings(count: int, place: Path, repeat: int, note: Note) -> list[Point]:
    """A home of so many landings as it is, and compacted."""
    note(f"{count:,} landings")
    shutil.rmtree(place, ignore_errors=True)
    home, tomorrow = make_home(place / "home"), place / "tomorrow"
    run([PYTHON, "-m", "tenet.bench.landed", str(count), str(home), str(tomorrow)])
    full = [_built(home, str(LAST_DAY)) for _ in range(repeat)]
    for name in PUBLISHED:
        shutil.copy(home / name, place / name)
    run(tenet_command(home, "import", str(tomorrow)))
    points = [_point(count, home, full, repeat)]
    if count > 1:
        note(f"{count:,} landings, compacted")
        through = f"{LAST_DAY:%Y-%m}"
        merged = run(tenet_command(home, "compact", "--through", through))
        full = [_built(home, str(NEXT_DAY)) for _ in range(repeat)]
        compacted = {"is_compacted": True, "compact": _least([merged])}
        points.append(_point(count, home, full, repeat) | compacted)
    return points


def _point(count: int, home: Path, full: list[Run], repeat: int) -> Point:
    """Its costs. full: its builds. Every turn of the new day starts from that of LAST_DAY."""
    days, statuses = [], []
    for _ in range(repeat):
        shutil.rmtree(home / "raw" / "audit", ignore_errors=True)
        for name in PUBLISHED:
            shutil.copy(home.parent / name, home / name)
        days.append(run(tenet_command(home, "build", "--today", str(NEXT_DAY))))
        statuses.append(run(tenet_command(home, "status")))
    return {
        "landings": count,
        "is_compacted": False,
        "files": sum(1 for _ in (home / "raw").rglob("*.parquet")),
        "build": _least(full),
        "one new day": _least(days),
        "status": _least(statuses),
    }


def _built(home: Path, day: str) -> Run:
    unpublish(home)
    return run(tenet_command(home, "build", "--today", day))


def _least(runs: list[Run]) -> dict[str, float]:
    return {
        "wall": min(one.wall for one in runs),
        "cpu": min(one.cpu for one in runs),
        "peak": max(one.peak for one in runs),
    }
