"""`tenet compact`: the landings of a closed month in one folder, a file each dataset.

Rows, values and landing ids stay as they are, so every revision stays too. The merged folder is
read back and compared before it is renamed into place; then the folders that it replaces go. Killed
in between, both are there: only the merged one counts, and the next compaction removes the others.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tenet import lake
from tenet.database import Error, connect, trouble
from tenet.errors import LakeCorrupt
from tenet.home import make_private_folder
from tenet.landings import merged_name, months
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from tenet.database import Connection
    from tenet.landings import Landing, Month


@dataclass(frozen=True)
class Size:
    """How much there is of something on the disk."""

    folders: int
    files: int
    bytes: int


@dataclass(frozen=True)
class Merged:
    """What a merge did, or would do: landings of a kind and month. after: None where not done."""

    kind: str
    month: str
    landings: int
    before: Size
    after: Size | None = None


def compact(home: Path, *, through: str, dry_run: bool = False) -> list[Merged]:
    """Merge the landings of each kind and month through `through` (YYYY-MM) that has several.

    Only for the holder of the home's lock, except for a dry run, which changes nothing.
    Returns what was merged, oldest month first.
    Raises LakeCorrupt, HomeNotWritable; the months before are merged then, the others as they were.
    """
    found = []
    for month in sorted(months(home), key=lambda one: (one.month, one.kind)):
        folders = _folders(month)
        if month.month > through or len(folders) < 2:
            continue
        merged = Merged(month.kind, month.month, len(month.landings), _size(folders))
        if not dry_run:
            try:
                place = _merge(home, month)
            except (OSError, Error) as error:
                raise trouble(error, home) from error
            merged = replace(merged, after=_size([place]))
        found.append(merged)
    return found


def _folders(month: Month) -> list[Path]:
    return [*dict.fromkeys(landing.path for landing in month.landings), *month.spent]


def _merge(home: Path, month: Month) -> Path:
    """The folder that holds all landings of a month; whatever else held them is removed."""
    landed = month.landings
    place = landed[0].path.parent / merged_name(landing.landing_id for landing in landed)
    if not place.exists():
        for folder in dict.fromkeys(landing.path for landing in landed):
            lake.require_as_landed(folder)
        incoming = home / "raw" / ".incoming" / place.name
        make_private_folder(incoming)
        connection = connect()
        try:
            _write(connection, landed, incoming, place)
        finally:
            connection.close()
            shutil.rmtree(incoming, ignore_errors=True)
    lake.make_durable(place.parent)
    for folder in _folders(month):
        if folder != place:
            gone = home / "raw" / ".incoming" / folder.name
            make_private_folder(gone.parent)
            folder.rename(gone)
            shutil.rmtree(gone)
    return place


def _write(
    connection: Connection, landed: tuple[Landing, ...], incoming: Path, place: Path
) -> None:
    merged = {landing.landing_id: landing.datasets for landing in landed}
    there = [replace(landing, path=incoming, merged=merged) for landing in landed]
    rows = {}
    for dataset in sorted({name for landing in landed for name in landing.datasets}):
        key = DATASETS[dataset].key if dataset in DATASETS else ()
        query, path = lake.as_landed(dataset, landed), incoming / f"{dataset}.parquet"
        rows[dataset] = lake.write_parquet(connection, query, path, (*key, "landing_id"))
        if _contents(connection, dataset, landed) != _contents(connection, dataset, there):
            raise LakeCorrupt(place.parent, f"its {dataset} cannot be merged without loss")
    lake.put_in_place(incoming, place, rows, merged)


def _contents(
    connection: Connection, dataset: str, landed: Iterable[Landing]
) -> list[tuple[Any, ...]]:
    """Count and hash of the rows of each landing, as the models read them."""
    query = (lake.scan if dataset in DATASETS else lake.as_landed)(dataset, landed)
    return connection.execute(
        "select landing_id, count(*), sum(hash(found)::hugeint) "
        f"from ({query}) as found group by all order by all"
    ).fetchall()


def _size(folders: Iterable[Path]) -> Size:
    listed = list(folders)
    sizes = [path.stat().st_size for folder in listed for path in folder.iterdir()]
    return Size(len(listed), len(sizes), sum(sizes))
