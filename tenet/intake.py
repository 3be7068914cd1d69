"""The check of rows before they are landed: right columns, right types, keys, references.

Each dataset is read into a typed temporary table of its own name (`incoming_<dataset>`), so that
what is written is exactly what was checked. The first thing wrong is refused with its place.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from tenet import resources
from tenet.database import Connection, Error, complaint, file_list, identifier, literal
from tenet.errors import (
    DuplicateKey,
    LakeCorrupt,
    SchemaMismatch,
    UnknownDataset,
    UnknownReference,
)
from tenet.schemas import DATASETS, NO_SESSION, Column, Dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    Incoming = pl.DataFrame | Path

_ACCEPTED = {
    "VARCHAR": ("VARCHAR", "ENUM", "JSON", "UUID"),
    "DECIMAL(28, 10)": ("DECIMAL", "DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT",
                        "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    "BIGINT": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    "DATE": ("DATE",),
    "TIMESTAMPTZ": ("TIMESTAMP WITH TIME ZONE",),
    "BOOLEAN": ("BOOLEAN",),
}  # fmt: skip
_WRITTEN = {
    "DATE": r"^\d{4}-\d{2}-\d{2}$",
    "TIMESTAMPTZ": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$",
}


def receive(
    connection: Connection,
    tables: Mapping[str, Incoming],
    known: Callable[[str], list[Path]],
    note: Callable[[str], None],
) -> dict[str, int]:
    """Check every table and leave it as `incoming_<dataset>` on `connection`.

    tables: dataset name to a frame, or to a Parquet or CSV file with a header.
    known: the landed files of a dataset, asked only for references that `tables` does not hold.
    note: told of columns that tenet does not know and leaves out.
    Returns the rows of each dataset.
    Raises UnknownDataset, SchemaMismatch, DuplicateKey, UnknownReference, LakeCorrupt.
    """
    for name in tables:
        if name not in DATASETS:
            raise UnknownDataset(name, DATASETS)
    currencies = [resources.folder("data") / f"{name}.csv" for name in ("currencies", "minor_units")]
    connection.execute(
        f"set variable currencies = (select list(code) from read_csv({file_list(currencies)}, union_by_name = true))"
    )
    for name, table in tables.items():
        _read(connection, DATASETS[name], table, note)
    for name, table in tables.items():
        _check_keys(connection, DATASETS[name], _name(table))
        _check_references(connection, DATASETS[name], _name(table), set(tables), known)
    return {name: _count(connection, f"incoming_{name}") for name in tables}


def _read(
    connection: Connection, dataset: Dataset, table: Incoming, note: Callable[[str], None]
) -> None:
    source = _scan(connection, table)
    first_row = 2 if _is_csv(table) else 1
    raw = f"raw_{dataset.name}"
    try:
        connection.execute(
            f"create or replace temp table {raw} as "
            f"select row_number() over () + {first_row - 1} as _row, * from {source}"
        )
    except Error as error:
        raise LakeCorrupt(_name(table) or dataset.name, complaint(error)) from error
    types = {name: str(type_) for name, type_, *_ in connection.execute(f"describe {raw}").fetchall()}
    _check_columns(connection, dataset, types, table, note)
    expressions = [
        f"{_cast(column, types, _is_csv(table))} as {column.name}" for column in dataset.columns
    ]
    _check_values(connection, dataset, types, table)
    connection.execute(
        f"create or replace temp table incoming_{dataset.name} as "
        f"select _row, {', '.join(expressions)} from {raw}"
    )
    connection.execute(f"drop table {raw}")


def _scan(connection: Connection, table: Incoming) -> str:
    if not isinstance(table, Path):
        connection.register("incoming_frame", table)
        return "incoming_frame"
    if _is_csv(table):
        return f"read_csv({literal(table)}, header = true, all_varchar = true, delim = ',', quote = '\"')"
    return f"read_parquet({file_list([table])})"


def _check_columns(
    connection: Connection,
    dataset: Dataset,
    types: dict[str, str],
    table: Incoming,
    note: Callable[[str], None],
) -> None:
    known = {column.name: column for column in dataset.columns}
    unknown = [name for name in types if name not in known and name not in ("_row", "landing_id")]
    for column in dataset.columns:
        if column.name not in types:
            if column.is_required and column.name != "session_id":
                guess = get_close_matches(column.name, unknown, n=1)
                hint = f"is it the column {guess[0]!r}?" if guess else ""
                raise SchemaMismatch(
                    dataset.name, column.name, "the column is missing", source=_name(table), hint=hint
                )
            continue
        found = types[column.name]
        if not _is_csv(table) and not found.startswith(_ACCEPTED[column.kind.type]):
            count = connection.execute(
                f"select count({column.name}) from raw_{dataset.name}"
            ).fetchone()
            if count and count[0]:
                raise SchemaMismatch(
                    dataset.name,
                    column.name,
                    f"has the type {found}, wanted {column.kind.wanted or column.kind.type}",
                    source=_name(table),
                )
    for name in unknown:
        guess = get_close_matches(name, [word for word in known if word not in types], n=1)
        if guess:
            raise SchemaMismatch(
                dataset.name, name, "unknown column", source=_name(table), hint=f"did you mean {guess[0]}?"
            )
        note(f"{dataset.name}: column {name} is not known to tenet and was left out")


def _cast(column: Column, types: dict[str, str], is_csv: bool) -> str:
    """The SQL that turns a raw column into the stored one; null where it cannot."""
    if column.name == "session_id":
        given = "session_id::varchar" if "session_id" in types else "null"
        return f"coalesce({given}, '{NO_SESSION}')"
    if column.name not in types:
        return f"null::{column.kind.type}"
    raw = identifier(column.name)
    value = f"try_cast({raw} as {column.kind.type})"
    if is_csv and column.kind.type in _WRITTEN:
        value = f"case when regexp_matches({raw}, '{_WRITTEN[column.kind.type]}') then {value} end"
    if column.name == "security_id":
        # Synthetic ids such as _MAN:0123456789ab keep their case; _CASH:EUR is a symbol like any.
        value = f"case when {raw} like '\\_%' escape '\\' and {raw} not ilike '\\_cash:%' escape '\\' then {raw} else upper({raw}) end"
    return value


def _check_values(
    connection: Connection, dataset: Dataset, types: dict[str, str], table: Incoming
) -> None:
    checked = [column for column in dataset.columns if column.name in types]
    faults = [_fault(column, types, _is_csv(table)) for column in checked]
    if not faults:
        return
    firsts = connection.execute(
        f"select {', '.join(f'min(_row) filter (where {fault})' for fault in faults)} from raw_{dataset.name}"
    ).fetchone()
    wrong = [(row, column) for row, column in zip(firsts or (), checked, strict=True) if row is not None]
    if not wrong:
        return
    row, column = min(wrong, key=lambda found: found[0])
    value = connection.execute(
        f"select {identifier(column.name)}::varchar from raw_{dataset.name} where _row = {row}"
    ).fetchone()
    given = value[0] if value else None
    problem = (
        "has no value"
        if given is None
        else f"{given!r} is not {column.kind.wanted or column.kind.type}"
    )
    raise SchemaMismatch(dataset.name, column.name, problem, source=_name(table), row=row)


def _fault(column: Column, types: dict[str, str], is_csv: bool) -> str:
    raw, kind = identifier(column.name), column.kind
    cast = _cast(column, types, is_csv)
    faults = [f"({raw} is not null and ({cast}) is null)"]
    if kind.test:
        faults.append(f"({raw} is not null and not ({kind.test.format(f'({cast})')}))")
    if column.is_required and column.name != "session_id":
        faults.append(f"{raw} is null")
    return " or ".join(faults)


def _check_keys(connection: Connection, dataset: Dataset, source: str) -> None:
    keys = ", ".join(dataset.key)
    twice = connection.execute(
        f"select min(_row), max(_row), concat_ws(', ', {keys}) from incoming_{dataset.name} "
        f"group by {keys} having count(*) > 1 order by 2 limit 1"
    ).fetchone()
    if twice:
        raise DuplicateKey(dataset.name, twice[2], source=source, rows=(twice[0], twice[1]))


def _check_references(
    connection: Connection,
    dataset: Dataset,
    source: str,
    landing: set[str],
    known: Callable[[str], list[Path]],
) -> None:
    for column, target in dataset.references:
        orphans = (
            f"select min(_row) as _row, {column} from incoming_{dataset.name} "
            f"where {column} not in (select {column} from ({{there}})) group by {column}"
        )
        there = f"select {column} from incoming_{target}" if target in landing else f"select '' as {column}"
        if not connection.execute(orphans.format(there=there)).fetchone():
            continue
        if files := known(target):
            there += f" union all select {column} from read_parquet({file_list(files)}, union_by_name = true)"
        if orphan := connection.execute(orphans.format(there=there) + " order by 1 limit 1").fetchone():
            raise UnknownReference(
                dataset.name, column, orphan[1], target, source=source, row=orphan[0]
            )


def _is_csv(table: Incoming) -> bool:
    return isinstance(table, Path) and table.suffix == ".csv"


def _name(table: Incoming) -> str:
    return table.name if isinstance(table, Path) else ""


def _count(connection: Connection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
