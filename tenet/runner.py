"""The runner: a private database made ready for the models, and one model after the other in it."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from tenet import models, resources
from tenet.database import Error, complaint, literal
from tenet.errors import KeyViolated, ModelFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from tenet.database import Connection
    from tenet.models import Model

    Facts = Mapping[str, object]

STORAGE_VERSION = "v1.5.0"
MEMORY_LIMIT = "1500MB"
REFERENCES = ("currencies", "minor_units", "cash_tickers")


def open_private(connection: Connection, path: Path) -> None:
    """Make a file at `path`, new or not, the current database; large work spills beside it."""
    connection.execute(f"set temp_directory = {literal(f'{path}.spill')}")
    connection.execute("set preserve_insertion_order = false")
    # Else a few securities over many years are carried forward by comparing all with all.
    connection.execute("set asof_loop_join_threshold = 0")
    connection.execute(f"set memory_limit = {literal(MEMORY_LIMIT)}")
    options = f"(storage_version {literal(STORAGE_VERSION)})"
    connection.execute(f"attach {literal(path)} as building {options}")
    connection.execute("use building")


def prepare(connection: Connection, raw: Mapping[str, str], settings: Facts, sql: Path) -> None:
    """All that models read beside each other: landed rows, reference tables, settings, macros.

    raw: dataset name to the query for its landed rows; models read them as `raw_<dataset>`.
    settings: the one row of `build_settings`. Raises ModelFailed for macros that do not parse.
    """
    for name, query in raw.items():
        connection.execute(f"create temp view raw_{name} as {query}")
    for name in REFERENCES:
        table = literal(resources.folder("data") / f"{name}.csv")
        connection.execute(f"create temp table {name} as from read_csv({table}, header = true)")
    connection.execute(f"create temp table build_settings as select {row_of(settings)}")
    try:
        connection.execute((sql / "macros.sql").read_text())
    except Error as error:
        raise ModelFailed("sql/macros.sql", models.line_of(error), complaint(error)) from error


def run(connection: Connection, model: Model) -> float:
    """Make a model's table, published or for the time of the build, and prove its keys.

    Returns the seconds that it took. Raises ModelFailed, KeyViolated.
    """
    started = perf_counter()
    kind = "table" if model.is_published else "temp table"
    _execute(connection, model, f"create {kind} {model.name} as {model.query}")
    _prove_keys(connection, model, model.name)
    return perf_counter() - started


def run_since(connection: Connection, model: Model, first: date, dated: Iterable[str]) -> None:
    """Make the rows of a table anew that are of `first` or of a later valuation date.

    dated: the tables by day that the model reads. Raises ModelFailed, KeyViolated.
    """
    since = f"where valuation_date >= {literal(first)}"
    given = ", ".join(f"{name} as (from {name} {since})" for name in dated)
    connection.execute(f"delete from {model.name} {since}")
    statement = f"insert into {model.name} with {given} from ({model.query}) {since}"
    _execute(connection, model, statement)
    _prove_keys(connection, model, f"(from {model.name} {since})")


def drop_spent(
    connection: Connection, just: Model, found: Iterable[Model], *, left: Iterable[Model]
) -> None:
    """Free what `just` was the last to read; it halves the memory of a large build.

    found: all models; left: those still to run.
    """
    kept = {name for model in left for name in model.reads}
    for model in found:
        was_read = model.name in (*just.reads, just.name)
        if was_read and not model.is_published and model.name not in kept:
            connection.execute(f"drop table {model.name}")


def _execute(connection: Connection, model: Model, statement: str) -> None:
    try:
        # The query's header begins on the first line, so that DuckDB's line numbers are the file's.
        connection.execute(statement)
    except Error as error:
        if ".parquet" in str(error) or "No space left" in str(error):
            raise  # a file's fault, not the model's
        raise ModelFailed(model.place, models.line_of(error), complaint(error)) from error


def _prove_keys(connection: Connection, model: Model, rows: str) -> None:
    keys = ", ".join(model.keys)
    # Equal keys have equal hashes: as many hashes as rows, and no null, prove the keys at half the
    # cost. Where that fails, be it by chance, the keys themselves decide. That no column has a null
    # is known from its statistics.
    missing = " or ".join(f"{key} is null" for key in model.keys)
    counts = f"select count(*), count(distinct hash({keys})), count_if({missing}) from {rows}"
    count, hashes, nulls = connection.execute(counts).fetchone() or (0, 0, 0)
    if count == hashes and not nulls:
        return
    wrong = connection.execute(
        f"select count(*), any_value(key) from (select concat_ws(', ', {keys}) as key "
        f"from {rows} group by {keys} having count(*) > 1 or {missing})"
    ).fetchone()
    if wrong and wrong[0]:
        raise KeyViolated(model.place, keys, wrong[0], wrong[1])


def row_of(values: Facts) -> str:
    """The columns of a select of one row; values are whole numbers, dates, times or text."""
    types = {"int": "INTEGER", "date": "DATE", "datetime": "TIMESTAMPTZ"}
    return ", ".join(
        f"{literal(value)}::{types.get(type(value).__name__, 'VARCHAR')} as {name}"
        for name, value in values.items()
    )
