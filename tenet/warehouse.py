"""The published file: what the models give, what it says of itself, and how it replaces the last.

Everything runs in a private file beside the published one, which replaces it whole at the end: a
reader sees the old build or the new one, never a mixture and never a lock.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tenet import models, runner, verification
from tenet.database import Error, connect, identifier, literal, trouble
from tenet.reuse import EVERY_DAY, Days
from tenet.runner import row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from tenet.database import Connection
    from tenet.home import Info
    from tenet.models import Model
    from tenet.runner import Facts

PUBLISHED = {
    "published_info": (
        "build_info",
        {"revision": "varchar", "rules": "varchar", "through_date": "date"}
        | {"base_currency": "varchar", "timezone": "varchar", "stale_price_days": "integer"},
    ),
    "published_landings": ("build_landings", {"landing_id": "varchar"}),
    "published_account_values": (
        "account_values_daily",
        {"valuation_date": "date", "account_id": "varchar", "rows_hash": "ubigint"},
    ),
    "published_values": (
        "daily_holding_values",
        {"valuation_date": "date", "account_id": "varchar", "security_id": "varchar"}
        | {"snapshot_id": "varchar", "quantity": "decimal(28, 10)"}
        | {"close_price": "decimal(28, 10)", "price_date": "date", "price_source": "varchar"}
        | {"currency": "varchar", "fx_rate": "decimal(28, 10)"}
        | {"market_value_base": "decimal(18, 2)"},
    ),
}
"""What is read of the published build: view, table, and columns with their types."""
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
    "rules": "a hash of the models and reference tables",
    "row_counts": "rows of each published table",
    "seconds": "seconds that each model took, key proof included",
}


def build_file(
    path: Path,
    raw: Mapping[str, str],
    settings: Facts,
    facts: Facts,
    sql: Path,
    *,
    landed: Iterable[tuple[str, str]] = (),
    published: Path | None = None,
    last_day: date | None = None,
) -> Info:
    """Run every model of `sql` into the database file at `path`.

    raw: dataset name to the query for its landed rows; models read them as `raw_<dataset>`.
    settings: the one row of `build_settings`, which models read.
    facts: the one row of `build_info`, to which row counts and seconds are added.
    landed: id and kind of each landing behind `raw`. published: the build to compare with.
    last_day: of the published build that `path` is a copy of, whose days are kept as far as nothing
    reaches them; None when `path` is to be made.
    Returns `row_counts` of each published table, `seconds` of every model, and `made_from`, the
    first of the daily values that was made and not kept; None when all were made.
    Raises ModelFailed, KeyViolated, LakeCorrupt, HomeNotWritable.
    """
    connection = connect()
    try:
        runner.open_private(connection, path)
        runner.prepare(connection, raw, settings, sql)
        found, seconds = models.read_models(connection, sql), {}
        days = Days(connection, found, last_day)
        remember(connection, facts, landed)
        for number, model in enumerate(found, start=1):
            if not PUBLISHED.keys().isdisjoint(model.reads):
                show_published(connection, published, days.kept_until())
            seconds[model.name] = days.run(model)
            runner.drop_spent(connection, model, found, left=found[number:])
        rows = {model.name: _count(connection, model) for model in found if model.is_published}
        _comment(connection, found)
        keys = {model.name: model.keys for model in found if model.is_published}
        verification.record(connection, keys, days.kept_until())
        _record(connection, facts, rows, seconds)
        connection.execute("checkpoint building")
        connection.execute("use memory")
        connection.execute("detach building")
    except Error as error:
        raise trouble(error, path.parent) from error
    finally:
        connection.close()
    made_from = days.kept_until().get(verification.VALUES)
    return {
        "row_counts": rows,
        "seconds": seconds,
        "made_from": made_from and made_from.isoformat(),
    }


def remember(
    connection: Connection,
    facts: Facts,
    landed: Iterable[tuple[str, str]],
) -> None:
    """What this build is made of."""
    known = {name: facts.get(name) for name in ("revision", "rules")}
    connection.execute(
        f"create temp table this_build as select {row_of(known)}, "
        f"{literal(facts.get('built_at', '1970-01-01'))}::timestamptz as built_at"
    )
    ids, kinds = [landing_id for landing_id, _ in landed], [kind for _, kind in landed]
    connection.execute(
        "create table build_landings as "
        "select unnest($ids::varchar[]) as landing_id, unnest($kinds::varchar[]) as kind",
        {"ids": ids, "kinds": kinds},
    )
    connection.execute("comment on table build_landings is 'The landings behind this build.'")
    for column, text in (("landing_id", "its id"), ("kind", "its folder below raw/")):
        connection.execute(f"comment on column build_landings.{column} is {literal(text)}")


def show_published(
    connection: Connection, published: Path | None, kept_until: Mapping[str, date]
) -> None:
    """What the published build said, but for the days that are kept of it, and which those are.

    published: the file; None when there is none. kept_until: the first day not kept, by table.
    """
    made = literal(kept_until.get(verification.VALUES, EVERY_DAY))
    connection.execute(
        f"create or replace temp view days_made as select {made}::date as first_date"
    )
    was_published = published is not None and _attached(connection, published)
    for name, (table, columns) in PUBLISHED.items():
        typed = ", ".join(f"null::{type_} as {column}" for column, type_ in columns.items())
        query = f"select {typed} limit 0"
        if was_published:
            query = f"select {', '.join(columns)} from published.{table}"
            if first := kept_until.get(table):
                query += f" where valuation_date >= {literal(first)}"
        connection.execute(f"create or replace temp view {name} as {query}")


def publish(building: Path, published: Path) -> None:
    """Put a finished file in place of the published one, whole."""
    building.chmod(0o600)
    handle = os.open(building, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    Path(f"{published}.wal").unlink(missing_ok=True)
    building.replace(published)


def _attached(connection: Connection, published: Path) -> bool:
    """Whether the published file can be compared with; a damaged or an older one cannot."""
    try:
        connection.execute(f"attach if not exists {literal(published)} as published (read_only)")
        for table, columns in PUBLISHED.values():
            connection.execute(f"select {', '.join(columns)} from published.{table} limit 0")
    except Error:
        return False
    return True


def _comment(connection: Connection, found: list[Model]) -> None:
    by_name = {model.name: model for model in found}
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = 'building'"
    ).fetchall():
        columns.setdefault(table, []).append(column)
    connection.execute("begin")  # or each comment would be written to the disk by itself
    for model in found:
        if not model.is_published:
            continue
        text = literal(f"{model.comment} Keys: {', '.join(model.keys)}.")
        connection.execute(f"comment on table {model.name} is {text}")
        for column in columns[model.name]:
            text = literal(models.column_comment(by_name, model, column))
            connection.execute(f"comment on column {model.name}.{identifier(column)} is {text}")
    connection.execute("commit")


def _record(
    connection: Connection, facts: Facts, rows: Mapping[str, int], seconds: Mapping[str, float]
) -> None:
    connection.execute(
        f"create table build_info as select {row_of(facts)}, "
        f"{_map(rows)}::map(varchar, bigint) as row_counts, "
        f"{_map(seconds)}::map(varchar, double) as seconds"
    )
    connection.execute("comment on table build_info is 'What this build is, in one row.'")
    for column in [*facts, "row_counts", "seconds"]:
        text = literal(BUILD_INFO[column])
        connection.execute(f"comment on column build_info.{column} is {text}")


def _map(values: Mapping[str, float]) -> str:
    return f"map {{{', '.join(f'{literal(name)}: {value}' for name, value in values.items())}}}"


def _count(connection: Connection, model: Model) -> int:
    row = connection.execute(f"select count(*) from {model.name}").fetchone()
    return int(row[0]) if row else 0
