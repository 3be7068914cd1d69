"""The lake: raw landings, each one directory that appears whole or not at all.

A landing is written under `raw/.incoming/`, files and directories are fsynced, then it is renamed
into place. It is never edited: a correction is a new landing, and staging keeps the newest row of
each key. tenet/landings.py lists what is there, and where.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections import Counter
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING

from tenet import intake
from tenet.database import Error, connect, file_list, literal, trouble
from tenet.errors import LakeCorrupt
from tenet.home import make_private_folder, write_whole
from tenet.landings import MANIFEST, Landing, files, landings, manifest, month_of
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Literal

    from tenet.database import Connection
    from tenet.landings import Contents

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
    place = home / "raw" / kind / month_of(landing_id) / landing_id
    connection = connect()
    try:
        rows = intake.receive(connection, tables, lambda name: files(known, name), note)
        new = {name: _new_rows(connection, name, known) for name in tables}
        if not any(_exists(connection, query) for query in new.values()):
            return None, rows
        make_private_folder(incoming)
        written = {}
        for name in tables:
            query = new[name] if name in only_new else f"from incoming_{name}"
            if name not in only_new or _exists(connection, query):
                columns = ", ".join(column.name for column in DATASETS[name].columns)
                query = f"select {columns}, {literal(landing_id)} as landing_id from ({query})"
                path = incoming / f"{name}.parquet"
                written[name] = write_parquet(connection, query, path, DATASETS[name].key)
        put_in_place(incoming, place, written)
    except (OSError, Error) as error:
        raise trouble(error, home) from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
        connection.close()
    return Landing(landing_id, kind, place), rows


@contextmanager
def reading(home: Path, *datasets: str) -> Iterator[Connection]:
    """A connection on which each dataset is the view `raw_<dataset>`, closed at the end."""
    connection = connect()
    try:
        _make_views(connection, home, datasets)
        yield connection
    except Error as error:
        raise trouble(error, home) from error
    finally:
        connection.close()


def scan(dataset: str, of: Iterable[Landing]) -> str:
    """A query for all rows of a dataset in these landings, in the columns and types of today.

    A column that older landings lack reads as null.
    """
    columns = [(column.name, column.kind.type) for column in DATASETS[dataset].columns]
    columns.append(("landing_id", "VARCHAR"))
    nothing = ", ".join(f"null::{type_} as {name}" for name, type_ in columns)
    listed = ", ".join(f"{name}::{type_} as {name}" for name, type_ in columns)
    empty = f"select {nothing} limit 0"
    if not (landed := as_landed(dataset, of)):
        return empty
    return f"select {listed} from (({empty}) union all by name ({landed}))"


def as_landed(dataset: str, of: Iterable[Landing]) -> str:
    """A query for all rows of a dataset in these landings, with every column that was landed.

    Empty where none of them has the dataset. Of a merged folder only the landings given are read.
    """
    of = list(of)
    wanted = Counter(landing.path for landing in of)
    whole: list[Landing] = []
    partly: list[Landing] = []
    for landing in of:
        is_whole = landing.merged is None or len(landing.merged) == wanted[landing.path]
        (whole if is_whole else partly).append(landing)
    read = "select * from read_parquet({}, union_by_name = true)"
    queries = []
    if paths := files(whole, dataset):
        queries.append(read.format(file_list(paths)))
    if paths := files(partly, dataset):
        ids = ", ".join(literal(landing.landing_id) for landing in partly)
        queries.append(f"{read.format(file_list(paths))} where landing_id in ({ids})")
    return " union all by name ".join(queries)


def write_parquet(connection: Connection, query: str, path: Path, key: Iterable[str]) -> int:
    """Write the rows of a query, sorted by its key; returns how many there are."""
    order = ", ".join(key)
    answer = connection.execute(
        f"copy (select * from ({query}) order by {order}) to {literal(path)} "
        "(format parquet, compression zstd)"
    ).fetchone()
    path.chmod(0o600)
    return int(answer[0]) if answer else 0


def put_in_place(
    incoming: Path, place: Path, rows: Mapping[str, int], merged: Contents | None = None
) -> None:
    """Make what was written under raw/.incoming a landing: manifest, fsync, rename.

    rows: of each dataset. merged: of a merged folder, the datasets of each landing in it.
    """
    facts: dict[str, object] = {"landings": merged} if merged else {}
    facts["files"] = {
        f"{name}.parquet": {"rows": count, **checksum(incoming / f"{name}.parquet")}
        for name, count in rows.items()
    }
    write_whole(incoming / MANIFEST, json.dumps(facts, indent=1) + "\n")
    for path in (*incoming.iterdir(), incoming):
        make_durable(path)
    make_private_folder(place.parent)
    incoming.rename(place)
    for folder in list(place.parents)[:3]:
        make_durable(folder)


def require_as_landed(folder: Path) -> bool:
    """Prove the files of a landing's folder to be what was landed; false without a manifest.

    Names with a dot in front are no files of ours (.DS_Store).
    Raises LakeCorrupt for one that is missing, was changed, or is none of a landing.
    """
    told = (manifest(folder) or {}).get("files", {})
    found = {path.name: path for path in folder.iterdir() if not path.name.startswith(".")}
    found.pop(MANIFEST, None)
    for name in sorted(told.keys() | found.keys()):
        if name not in found:
            raise LakeCorrupt(folder / name, "it was landed and is not there")
        if found[name].suffix != ".parquet" or (told and name not in told):
            raise LakeCorrupt(folder / name, "it is no file of this landing", hint="move it away")
        if told and not told[name].items() >= checksum(found[name]).items():
            raise LakeCorrupt(folder / name, "it is not what was landed: its checksum differs")
    return bool(told)


def checksum(path: Path) -> dict[str, int | str]:
    """The bytes and the SHA-256 of a file, as manifests say them."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": file.tell(), "sha256": digest}


def make_durable(path: Path) -> None:
    """Have what a file or a folder holds on the disk, not only on its way there."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_views(connection: Connection, home: Path, datasets: Iterable[str]) -> None:
    landed = landings(home)
    try:
        for name in datasets:
            query = f"create or replace temp view raw_{name} as {scan(name, landed)}"
            connection.execute(query)
    except (LakeCorrupt, Error):
        if all(landing.path.exists() for landing in landed):
            raise
        _make_views(connection, home, datasets)  # a compaction has merged some meanwhile


def _new_rows(connection: Connection, dataset: str, landed: Iterable[Landing]) -> str:
    """A query for the incoming rows that are not the lake's last landed row of their key."""
    columns = ", ".join(column.name for column in DATASETS[dataset].columns)
    incoming = f"select {columns} from incoming_{dataset}"
    if not as_landed(dataset, landed):
        return incoming
    keys = ", ".join(DATASETS[dataset].key)
    connection.execute(
        f"create temp table landed_{dataset} as select {columns} from ({scan(dataset, landed)}) "
        f"semi join incoming_{dataset} using ({keys}) "
        f"qualify row_number() over (partition by {keys} order by landing_id desc) = 1"
    )
    return f"{incoming} except from landed_{dataset}"


def _exists(connection: Connection, query: str) -> bool:
    return connection.execute(f"select 1 from ({query}) limit 1").fetchone() is not None
