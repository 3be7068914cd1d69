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
from typing import TYPE_CHECKING

from tenet import intake
from tenet.database import Connection, Error, complaint, connect, file_list, literal
from tenet.errors import HomeNotWritable
from tenet.home import make_private_folder
from tenet.landings import Landing, files, landings
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Literal

    Kind = Literal["sync", "prices", "manual", "edit", "plan", "import", "audit"]


def land(
    home: Path,
    kind: Kind,
    tables: Mapping[str, intake.Incoming],
    *,
    at: datetime,
    note: Callable[[str], None] = lambda _: None,
) -> tuple[Landing | None, dict[str, int]]:
    """Check `tables` and put them into the lake as one landing.

    tables: dataset name to a Polars frame, or to a Parquet or CSV file.
    at: time of the landing, with a zone; it becomes the head of the landing id.
    note: told in a sentence of whatever was left out.
    Returns the landing, or None when the lake holds exactly these rows as its newest already, and
    the rows of each dataset.
    Raises InputRefused when rows are not what they should be, LakeCorrupt when a file cannot be
    read, HomeNotWritable when the disk refuses; nothing is landed then.
    """
    known = landings(home)
    landing_id = f"{at.strftime('%Y%m%dT%H%M%S.%fZ')}-{secrets.token_hex(4)}"
    incoming = home / "raw" / ".incoming" / landing_id
    place = home / "raw" / kind / f"{landing_id[:4]}-{landing_id[4:6]}" / landing_id
    connection = connect()
    try:
        rows = intake.receive(connection, tables, lambda name: files(known, name), note)
        if all(_is_known(connection, name, files(known, name)) for name in tables):
            return None, rows
        make_private_folder(incoming)
        for name in tables:
            _write(connection, name, landing_id, incoming / f"{name}.parquet")
        _sync(incoming)
        make_private_folder(place.parent)
        incoming.rename(place)
        _sync(place.parent)
    except (OSError, Error) as error:
        shutil.rmtree(incoming, ignore_errors=True)
        reason = complaint(error) if isinstance(error, Error) else error.strerror or str(error)
        raise HomeNotWritable(home, reason) from error
    finally:
        connection.close()
    return Landing(landing_id, kind, place), rows


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


def _is_known(connection: Connection, dataset: str, paths: list[Path]) -> bool:
    """Whether the lake's last landed row of each key is the incoming one already."""
    if not paths:
        return False
    columns = ", ".join(column.name for column in DATASETS[dataset].columns)
    keys = ", ".join(DATASETS[dataset].key)
    landed = (
        f"select {columns} from ({scan(dataset, paths)}) "
        f"qualify row_number() over (partition by {keys} order by landing_id desc) = 1"
    )
    new = connection.execute(
        f"select exists (select {columns} from incoming_{dataset} except {landed})"
    ).fetchone()
    return new is not None and not new[0]


def _write(connection: Connection, dataset: str, landing_id: str, path: Path) -> None:
    columns = ", ".join(column.name for column in DATASETS[dataset].columns)
    connection.execute(
        f"copy (select {columns}, {literal(landing_id)} as landing_id from incoming_{dataset} "
        f"order by {', '.join(DATASETS[dataset].key)}) "
        f"to {literal(path)} (format parquet, compression zstd)"
    )
    path.chmod(0o600)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
