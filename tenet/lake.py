"""The lake: raw landings, each one directory that appears whole or not at all.

    <home>/raw/<kind>/<YYYY-MM>/<landing_id>/<dataset>.parquet

A landing is written under `raw/.incoming/`, files and directories are fsynced, then it is renamed
into place. It is never edited: a correction is a new landing, and staging keeps the newest row of
each key. tenet/landings.py lists what is there.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING

from tenet import intake
from tenet.database import Error, connect, file_list, literal, trouble
from tenet.home import make_private_folder
from tenet.landings import Landing, files, landings
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Literal

    from tenet.database import Connection
    from tenet.schemas import Dataset

    Kind = Literal["sync", "prices", "manual", "edit", "plan", "import", "audit"]


def land(
    home: Path,
    kind: Kind,
    tables: Mapping[str, intake.Incoming],
    *,
    at: datetime,
    only_new: Collection[str] = (),
    note: Callable[[str], None] = lambda _: None,
) -> tuple[Landing | None, dict[str, int]]:
    """Check `tables` and put them into the lake as one landing.

    tables: dataset name to a Polars frame, or to a Parquet or CSV file.
    at: time of the landing, with a zone; it becomes the head of the landing id.
    only_new: datasets of which rows that the lake has as its newest already are left out.
    note: told in a sentence of whatever was left out.
    Returns the landing, or None when the lake holds exactly these rows as its newest already, and
    the rows of each dataset.
    Raises InputRefused when rows are not what they should be, LakeCorrupt when a file cannot be
    read, HomeNotWritable when the disk refuses; nothing is landed then.
    """
    known = landings(home)
    landing_id = f"{at.astimezone(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}-{secrets.token_hex(4)}"
    incoming = home / "raw" / ".incoming" / landing_id
    place = home / "raw" / kind / f"{landing_id[:4]}-{landing_id[4:6]}" / landing_id
    connection = connect()
    try:
        rows = intake.receive(connection, tables, lambda name: files(known, name), note)
        new = {name: _new_rows(connection, name, files(known, name)) for name in tables}
        if not any(_exists(connection, query) for query in new.values()):
            return None, rows
        make_private_folder(incoming)
        for name in tables:
            query = new[name] if name in only_new else f"from incoming_{name}"
            if name not in only_new or _exists(connection, query):
                _write(connection, query, DATASETS[name], landing_id, incoming)
        _put(incoming, place)
    except (OSError, Error) as error:
        raise trouble(error, home) from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
        connection.close()
    return Landing(landing_id, kind, place), rows


@contextmanager
def reading(home: Path, *datasets: str) -> Iterator[Connection]:
    """A connection on which each dataset is the view `raw_<dataset>`, closed at the end."""
    landed = landings(home)
    connection = connect()
    try:
        for name in datasets:
            query = scan(name, files(landed, name))
            connection.execute(f"create temp view raw_{name} as {query}")
        yield connection
    except Error as error:
        raise trouble(error, home) from error
    finally:
        connection.close()


def scan(dataset: str, paths: Iterable[Path]) -> str:
    """A query for all landed rows of a dataset, with its columns and types whatever was landed.

    A column that older landings lack reads as null.
    """
    columns = [(column.name, column.kind.type) for column in DATASETS[dataset].columns]
    columns.append(("landing_id", "VARCHAR"))
    nothing = ", ".join(f"null::{type_} as {name}" for name, type_ in columns)
    listed = ", ".join(f"{name}::{type_} as {name}" for name, type_ in columns)
    empty = f"select {nothing} limit 0"
    if not (paths := list(paths)):
        return empty
    landed = f"select * from read_parquet({file_list(paths)}, union_by_name = true)"
    return f"select {listed} from (({empty}) union all by name ({landed}))"


def _new_rows(connection: Connection, dataset: str, paths: list[Path]) -> str:
    """A query for the incoming rows that are not the lake's last landed row of their key."""
    columns = ", ".join(column.name for column in DATASETS[dataset].columns)
    incoming = f"select {columns} from incoming_{dataset}"
    if not paths:
        return incoming
    keys = ", ".join(DATASETS[dataset].key)
    connection.execute(
        f"create temp table landed_{dataset} as select {columns} from ({scan(dataset, paths)}) "
        f"semi join incoming_{dataset} using ({keys}) "
        f"qualify row_number() over (partition by {keys} order by landing_id desc) = 1"
    )
    return f"{incoming} except from landed_{dataset}"


def _exists(connection: Connection, query: str) -> bool:
    return connection.execute(f"select 1 from ({query}) limit 1").fetchone() is not None


def _write(
    connection: Connection, query: str, dataset: Dataset, landing_id: str, folder: Path
) -> None:
    path = folder / f"{dataset.name}.parquet"
    columns = ", ".join(column.name for column in dataset.columns)
    connection.execute(
        f"copy (select {columns}, {literal(landing_id)} as landing_id from ({query}) "
        f"order by {', '.join(dataset.key)}) to {literal(path)} (format parquet, compression zstd)"
    )
    path.chmod(0o600)
    _sync(path)


def _put(incoming: Path, place: Path) -> None:
    """Rename a written landing into its place; what made it visible reaches the disk too."""
    _sync(incoming)
    make_private_folder(place.parent)
    incoming.rename(place)
    for folder in list(place.parents)[:3]:
        _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
