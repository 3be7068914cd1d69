"""The homes that are measured: made of invented households, and twins of one another."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from tenet.bench.households import SETTINGS, household
from tenet.bench.measure import run
from tenet.errors import BenchTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PYTHON = sys.executable
PUBLISHED = ("tenet.duckdb", "build.json")
DISK, MEMORY = 400, 150
"""Bytes that a contest takes for each daily value: all its homes together; inventing and import."""
ALWAYS = 10**9
"""Bytes of each that any size takes or leaves free."""


def prepare(size: str, place: Path, note: Callable[[str], None]) -> None:
    """Make a household of `size` below `place`: the folder `import`, landed in the home `home`.

    Raises BenchTooLarge where disk or memory do not allow it.
    """
    require_room(size, place)
    note(f"{size}: inventing a household of {household(size).daily_values:,} daily values")
    shutil.rmtree(place, ignore_errors=True)
    home = make_home(place / "home")
    run([PYTHON, "-m", "tenet.bench.households", size, str(place / "import")])
    run(tenet_command(home, "import", str(place / "import")))


def require_room(size: str, place: Path) -> None:
    """Raises BenchTooLarge unless there is disk and memory for a household of that size."""
    existing = next(folder for folder in (place, *place.resolve().parents) if folder.exists())
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for what, each, there in (
        ("disk", DISK, shutil.disk_usage(existing).free),
        ("memory", MEMORY, pages),
    ):
        needed = each * household(size).daily_values + ALWAYS
        if there < needed:
            raise BenchTooLarge(size, what, needed, there)


def make_home(home: Path) -> Path:
    """An empty home with the bench's settings."""
    home.mkdir(parents=True)
    (home / "tenet.toml").write_text(SETTINGS)
    return home


def make_twin(home: Path, twin: Path) -> Path:
    """Another home of the same landings, which take no disk a second time."""
    make_home(twin)
    shutil.copytree(home / "raw", twin / "raw", copy_function=os.link)
    return twin


def unpublish(home: Path) -> None:
    """Take the build of a home away."""
    for name in PUBLISHED:
        (home / name).unlink(missing_ok=True)


def tenet_command(home: Path, *words: str) -> list[str]:
    """The command line of tenet on a home."""
    return [PYTHON, "-m", "tenet", "--home", str(home), *words]
