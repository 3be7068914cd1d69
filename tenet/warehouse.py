"""The runner of the models, and the publishing of what they give.

Everything runs in a private file beside the published one, which replaces it whole at the end: a
reader sees the old build or the new one, never a mixture and never a lock.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from tenet import models, resources
from tenet.database import Connection, Error, complaint, connect, identifier, literal
from tenet.errors import HomeNotWritable, KeyViolated, LakeCorrupt, ModelFailed
from tenet.models import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

    Settings = Mapping[str, object]

STORAGE_VERSION = "v1.5.0"
REFERENCES = ("currencies", "minor_units", "cash_tickers")


def build_file(
    path: Path, raw: Mapping[str, str], settings: Settings, facts: Settings, sql: Path
) -> tuple[dict[str, int], dict[str, float]]:
    """Run every model of `sql` into a new database file at `path`.

    raw: dataset name to the query for its landed rows; they are read as `raw_<dataset>`.
    settings: the row of `build_settings`, which models read.
    facts: the row of `build_info`, to which row counts and seconds are added.
    Returns rows of each published table, and seconds of every model.
    Raises ModelFailed, KeyViolated, HomeNotWritable.
    """
    connection = connect()
    try:
        connection.execute(
            f"attach {literal(path)} as building (storage_version '{STORAGE_VERSION}')"
        )
        connection.execute("use building")
        connection.execute(f"set temp_directory = {literal(path.with_suffix('.spill'))}")
        connection.execute("set preserve_insertion_order = false")
        _prepare(connection, raw, settings, sql)
        found = models.read_models(connection, sql)
        seconds = {model.name: _run(connection, model) for model in found}
        _comment(connection, found)
        rows = {
            model.name: _count(connection, model.name) for model in found if model.is_published
        }
        _record(connection, facts, rows, seconds)
        connection.execute("checkpoint building")
        connection.execute("use memory")
        connection.execute("detach building")
    except Error as error:
        raise _cause(error) or HomeNotWritable(path.parent, complaint(error)) from error
    finally:
        connection.close()
    return rows, seconds


def publish(building: Path, published: Path) -> None:
    """Put a finished file in place of the published one, whole."""
    building.chmod(0o600)
    handle = os.open(building, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    Path(f"{published}.wal").unlink(missing_ok=True)
    building.replace(published)


def _prepare(connection: Connection, raw: Mapping[str, str], settings: Settings, sql: Path) -> None:
    for name, query in raw.items():
        connection.execute(f"create temp view raw_{name} as {query}")
    for name in REFERENCES:
        path = resources.folder("data") / f"{name}.csv"
        connection.execute(f"create temp table {name} as from read_csv({literal(path)}, header = true)")
    connection.execute(f"create temp table build_settings as select {_row(settings)}")
    macros = sql / "macros.sql"
    try:
        connection.execute(macros.read_text())
    except Error as error:
        raise ModelFailed(f"sql/{macros.name}", models.line_of(error), complaint(error)) from error


def _run(connection: Connection, model: Model) -> float:
    started = perf_counter()
    kind = "table" if model.is_published else "temp table"
    try:
        # On one line with the header, so that DuckDB's line numbers are the file's.
        connection.execute(f"create {kind} {model.name} as {model.query}")
    except Error as error:
        raise _cause(error) or models.failed(model, error) from error
    _prove_keys(connection, model)
    return perf_counter() - started


def _cause(error: Error) -> LakeCorrupt | HomeNotWritable | None:
    """The trouble with a file behind DuckDB's complaint, if that is what it is."""
    text = complaint(error)
    if "No space left" in text:
        return HomeNotWritable(Path("the home"), text)
    found = re.search(r"/[^'\"]+\.parquet", text)
    return LakeCorrupt(found[0], text) if found else None


def _prove_keys(connection: Connection, model: Model) -> None:
    keys = ", ".join(model.keys)
    missing = " or ".join(f"{key} is null" for key in model.keys)
    wrong = connection.execute(
        f"select count(*), any_value(key) from (select concat_ws(', ', {keys}) as key "
        f"from {model.name} group by {keys} having count(*) > 1 or {missing})"
    ).fetchone()
    if wrong and wrong[0]:
        raise KeyViolated(f"sql/{model.path.parent.name}/{model.path.name}", keys, wrong[0], wrong[1])


def _comment(connection: Connection, found: list[Model]) -> None:
    by_name = {model.name: model for model in found}
    for model in found:
        if not model.is_published:
            continue
        comment = f"{model.comment} Grain: {', '.join(model.keys)}."
        connection.execute(f"comment on table {model.name} is {literal(comment)}")
        for column, *_ in connection.execute(f"describe {model.name}").fetchall():
            text = literal(models.column_comment(by_name, model, column))
            connection.execute(f"comment on column {model.name}.{identifier(column)} is {text}")


def _record(
    connection: Connection, facts: Settings, rows: Mapping[str, int], seconds: Mapping[str, float]
) -> None:
    maps = ", ".join(
        f"map([{', '.join(map(literal, found))}], [{', '.join(map(str, found.values()))}]::{kind}[]) as {name}"
        for name, kind, found in (("row_counts", "BIGINT", rows), ("seconds", "DOUBLE", seconds))
    )
    connection.execute(f"create table build_info as select {_row(facts)}, {maps}")
    connection.execute("comment on table build_info is 'What this build is: one row.'")


def _row(values: Settings) -> str:
    return ", ".join(f"{literal(value)}::{_type(value)} as {name}" for name, value in values.items())


def _count(connection: Connection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _type(value: object) -> str:
    return {"int": "INTEGER", "date": "DATE", "datetime": "TIMESTAMPTZ"}.get(type(value).__name__, "VARCHAR")
