"""Whole contents of homes, to be compared: every published table, every landed row."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tenet import lake
from tenet.database import connect_reading, identifier
from tenet.home import published
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from pathlib import Path

    Rows = list[tuple[str | None, ...]]

OF_THE_BUILD = ("build_info", "build_landings")
"""What tells when a build was made, and of which landings: its own restatements land after it."""


def marts(home: Path, *, without: tuple[str, ...] = OF_THE_BUILD) -> dict[str, Rows]:
    """Every row of every published table as text, sorted; without these tables."""
    connection = connect_reading(published(home))
    try:
        names = [name for (name,) in connection.execute("show tables").fetchall()]
        return {
            name: connection.execute(
                f"select columns(*)::varchar from {identifier(name)} order by all"
            ).fetchall()
            for name in names
            if name not in without
        }
    finally:
        connection.close()


def landed_rows(home: Path) -> Counter[tuple[str, ...]]:
    """Dataset, landing id and hash of each row in the lake, counted."""
    found: Counter[tuple[str, ...]] = Counter()
    with lake.reading(home, *DATASETS) as connection:
        for name in DATASETS:
            query = f"select landing_id, hash(found)::varchar from raw_{name} as found"
            found.update((name, *row) for row in connection.execute(query).fetchall())
    return found
