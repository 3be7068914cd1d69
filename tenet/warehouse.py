"""The runner of the models, and the publishing of what they give.

Everything runs in a private file beside the published one, which replaces it whole at the end: a
reader sees the old build or the new one, never a mixture and never a lock.
"""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from tenet import models, resources
from tenet.database import Error, complaint, connect, identifier, literal, trouble
from tenet.errors import KeyViolated, ModelFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenet.database import Connection
    from tenet.models import Model

    Facts = Mapping[str, object]

STORAGE_VERSION = "v1.5.0"
MEMORY_LIMIT = "1500MB"
REFERENCES = ("currencies", "minor_units", "cash_tickers")
BUILD_INFO = {
    "revision": "a hash of what the values depend on: landings, models, reference tables, settings",
    "built_at": "when it was built (UTC)",
    "through_date": "the last valuation date",
    "base_currency": "the currency of net worth and of every _base column",
    "timezone": "the time zone whose calendar days are the days",
    "stale_price_days": "the age in days from which a price counts as stale",
    "tenet_version": "the version of tenet that built it",
    "landing_count": "landings that it was built from",
    "lake": "a hash of the ids of these landings",
    "row_counts": "rows of each published table",
    "seconds": "seconds that each model took, key proof included",
}


def build_file(
    path: Path, raw: Mapping[str, str], settings: Facts, facts: Facts, sql: Path
) -> tuple[dict[str, int], dict[str, float]]:
    """Run every model of `sql` into a new database file at `path`.

    raw: dataset name to the query for its landed rows; models read them as `raw_<dataset>`.
    settings: the one row of `build_settings`, which models read.
    facts: the one row of `build_info`, to which row counts and seconds are added.
    Returns rows of each published table, and seconds of every model.
    Raises ModelFailed, KeyViolated, LakeCorrupt, HomeNotWritable.
    """
    connection = connect()
    try:
        _open(connection, path)
        _prepare(connection, raw, settings, sql)
        found = models.read_models(connection, sql)
        seconds = {}
        for number, model in enumerate(found, start=1):
            seconds[model.name] = _run(connection, model)
            _drop_spent(connection, model, found, left=found[number:])
        rows = {model.name: _count(connection, model) for model in found if model.is_published}
        _comment(connection, found)
        _record(connection, facts, rows, seconds)
        connection.execute("checkpoint building")
        connection.execute("use memory")
        connection.execute("detach building")
    except Error as error:
        raise trouble(error, path.parent) from error
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


def _open(connection: Connection, path: Path) -> None:
    connection.execute(f"set temp_directory = {literal(f'{path}.spill')}")
    connection.execute("set preserve_insertion_order = false")
    connection.execute(f"set memory_limit = {literal(MEMORY_LIMIT)}")
    options = f"(storage_version {literal(STORAGE_VERSION)})"
    connection.execute(f"attach {literal(path)} as building {options}")
    connection.execute("use building")


def _prepare(connection: Connection, raw: Mapping[str, str], settings: Facts, sql: Path) -> None:
    for name, query in raw.items():
        connection.execute(f"create temp view raw_{name} as {query}")
    for name in REFERENCES:
        table = literal(resources.folder("data") / f"{name}.csv")
        connection.execute(f"create temp table {name} as from read_csv({table}, header = true)")
    connection.execute(f"create temp table build_settings as select {_row(settings)}")
    try:
        connection.execute((sql / "macros.sql").read_text())
    except Error as error:
        raise ModelFailed("sql/macros.sql", models.line_of(error), complaint(error)) from error


def _run(connection: Connection, model: Model) -> float:
    started = perf_counter()
    kind = "table" if model.is_published else "temp table"
    try:
        # The header stays on the first line, so that DuckDB's line numbers are the file's.
        connection.execute(f"create {kind} {model.name} as {model.query}")
    except Error as error:
        if ".parquet" in str(error) or "No space left" in str(error):
            raise  # a file's fault, not the model's
        raise ModelFailed(model.place, models.line_of(error), complaint(error)) from error
    _prove_keys(connection, model)
    return perf_counter() - started


def _drop_spent(
    connection: Connection, just: Model, found: list[Model], *, left: list[Model]
) -> None:
    """Free what `just` was the last to read; it halves the memory of a large build."""
    kept = {name for model in left for name in model.reads}
    for model in found:
        was_read = model.name in (*just.reads, just.name)
        if was_read and not model.is_published and model.name not in kept:
            connection.execute(f"drop table {model.name}")


def _prove_keys(connection: Connection, model: Model) -> None:
    keys = ", ".join(model.keys)
    # Equal keys have equal hashes: as many hashes as rows, and no null, prove the keys at half the
    # cost. Where that fails, be it by chance, the keys themselves decide.
    given = ", ".join(f"count({key})" for key in model.keys)
    counts = f"select count(*), count(distinct hash({keys})), {given} from {model.name}"
    if len(set(connection.execute(counts).fetchone() or ())) == 1:
        return
    missing = " or ".join(f"{key} is null" for key in model.keys)
    wrong = connection.execute(
        f"select count(*), any_value(key) from (select concat_ws(', ', {keys}) as key "
        f"from {model.name} group by {keys} having count(*) > 1 or {missing})"
    ).fetchone()
    if wrong and wrong[0]:
        raise KeyViolated(model.place, keys, wrong[0], wrong[1])


def _comment(connection: Connection, found: list[Model]) -> None:
    by_name = {model.name: model for model in found}
    for model in found:
        if not model.is_published:
            continue
        text = literal(f"{model.comment} Keys: {', '.join(model.keys)}.")
        connection.execute(f"comment on table {model.name} is {text}")
        for column, *_ in connection.execute(f"describe {model.name}").fetchall():
            text = literal(models.column_comment(by_name, model, column))
            connection.execute(f"comment on column {model.name}.{identifier(column)} is {text}")


def _record(
    connection: Connection, facts: Facts, rows: Mapping[str, int], seconds: Mapping[str, float]
) -> None:
    connection.execute(
        f"create table build_info as select {_row(facts)}, "
        f"{_map(rows)}::map(varchar, bigint) as row_counts, "
        f"{_map(seconds)}::map(varchar, double) as seconds"
    )
    connection.execute("comment on table build_info is 'What this build is, in one row.'")
    for column in [*facts, "row_counts", "seconds"]:
        text = literal(BUILD_INFO[column])
        connection.execute(f"comment on column build_info.{column} is {text}")


def _row(values: Facts) -> str:
    types = {"int": "INTEGER", "date": "DATE", "datetime": "TIMESTAMPTZ"}
    return ", ".join(
        f"{literal(value)}::{types.get(type(value).__name__, 'VARCHAR')} as {name}"
        for name, value in values.items()
    )


def _map(values: Mapping[str, float]) -> str:
    return f"map {{{', '.join(f'{literal(name)}: {value}' for name, value in values.items())}}}"


def _count(connection: Connection, model: Model) -> int:
    row = connection.execute(f"select count(*) from {model.name}").fetchone()
    return int(row[0]) if row else 0
