"""The check of rows before they are landed: right columns, right types, keys, references.

Each dataset is read into a typed temporary table of its own name (`incoming_<dataset>`), so that
what is written is exactly what was checked. The first thing wrong is refused with its place.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from tenet import resources
from tenet.database import Error, complaint, file_list, identifier, literal
from tenet.errors import (
    DuplicateKey,
    LakeCorrupt,
    SchemaMismatch,
    UnknownDataset,
    UnknownReference,
)
from tenet.schemas import DATASETS, NO_SESSION, NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from tenet.database import Connection
    from tenet.schemas import Column, Dataset

    Incoming = pl.DataFrame | Path

_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_WHOLE = (*_SIGNED, *(f"U{name}" for name in _SIGNED))
_ACCEPTED = {
    "VARCHAR": ("VARCHAR", "ENUM", "JSON", "UUID"),
    NUMBER: ("DECIMAL", "DOUBLE", "FLOAT", "HUGEINT", *_WHOLE),
    "BIGINT": _WHOLE,
    "DATE": ("DATE",),
    "TIMESTAMPTZ": ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"),
    "BOOLEAN": ("BOOLEAN",),
}
"""Types of a Parquet file or a frame that each stored type is taken from."""

_WRITTEN = {
    "DATE": r"^\d{4}-\d{2}-\d{2}$",
    "TIMESTAMPTZ": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$",
}
"""How text in a CSV file must look: whole dates, times with their offset."""

# Synthetic ids such as _MAN:0123456789ab keep their case; _CASH:EUR is a symbol like any other.
_SECURITY_ID = (
    "case when starts_with({0}, '_') and not starts_with(upper({0}), '_CASH:') "
    "then {0} else upper({0}) end"
)


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
    _set_currencies(connection)
    received = [_read(connection, DATASETS[name], table) for name, table in tables.items()]
    for table in received:
        table.check_columns(connection, note)
        table.check_values(connection)
        table.cast(connection)
    for table in received:
        table.check_keys(connection)
        table.check_references(connection, set(tables), known)
    return {table.dataset.name: table.row_count(connection) for table in received}


@dataclass(frozen=True)
class _Table:
    """One incoming table, as it was sent: `raw_<dataset>` on the connection, with `_row`.

    path: the file that it comes from, None for a frame.
    """

    dataset: Dataset
    path: Path | None
    types: dict[str, str]

    @property
    def source(self) -> str:
        return self.path.name if self.path else ""

    @property
    def is_csv(self) -> bool:
        return _is_csv(self.path)

    def place(self, row: int) -> int:
        """Where people find a row: the line of a CSV file, else the row's own number."""
        return _line(self.path, row) if self.path and self.is_csv else row

    def check_columns(self, connection: Connection, note: Callable[[str], None]) -> None:
        known = [column.name for column in self.dataset.columns]
        unknown = [name for name in self.types if name not in (*known, "_row", "landing_id")]
        for column in self.dataset.columns:
            if column.name in self.types:
                self._check_type(connection, column)
            elif column.is_required and column.name != "session_id":
                guess = get_close_matches(column.name, unknown, n=1)
                hint = f"is it the column {guess[0]}?" if guess else ""
                raise self._mismatch(column.name, "the column is missing", hint=hint)
        for name in unknown:
            if guess := get_close_matches(name, set(known) - set(self.types), n=1):
                raise self._mismatch(name, "unknown column", hint=f"did you mean {guess[0]}?")
            note(f"{self.dataset.name}: column {name} is not known to tenet and was left out")

    def _check_type(self, connection: Connection, column: Column) -> None:
        found = self.types[column.name]
        if self.is_csv or found.startswith(_ACCEPTED[column.kind.type]):
            return
        values = f"select count({identifier(column.name)}) from raw_{self.dataset.name}"
        if _number(connection, values):
            raise self._mismatch(column.name, f"has the type {found}, wanted {column.kind.wanted}")

    def check_values(self, connection: Connection) -> None:
        """Refuse the first row with a value that its column must not hold."""
        given = [column for column in self.dataset.columns if column.name in self.types]
        faults = ", ".join(f"min(_row) filter (where {self._fault(column)})" for column in given)
        found = connection.execute(f"select {faults} from raw_{self.dataset.name}").fetchone() or ()
        wrong = [(row, column) for row, column in zip(found, given, strict=True) if row is not None]
        if not wrong:
            return
        row, column = min(wrong, key=lambda fault: fault[0])
        value = connection.execute(
            f"select {identifier(column.name)}::varchar from raw_{self.dataset.name} "
            f"where _row = {row}"
        ).fetchone()
        text = value[0] if value else None
        problem = "has no value" if text is None else f"{text!r} is not {column.kind.wanted}"
        raise self._mismatch(column.name, problem, row=row)

    def _fault(self, column: Column) -> str:
        raw, cast = identifier(column.name), self._cast(column)
        faults = [f"({raw} is not null and ({cast}) is null)"]
        if column.kind.test:
            faults.append(f"not ({column.kind.test.format(f'({cast})')})")
        if column.is_required and column.name != "session_id":
            faults.append(f"{raw} is null")
        return " or ".join(faults)

    def _cast(self, column: Column) -> str:
        """The SQL that turns a column as sent into the stored one; null where it cannot."""
        raw = identifier(column.name) if column.name in self.types else "null"
        value = f"try_cast({raw} as {column.kind.type})"
        if self.is_csv and column.kind.type in _WRITTEN:
            pattern = _WRITTEN[column.kind.type]
            value = f"case when regexp_matches({raw}, '{pattern}') then {value} end"
        if column.name == "security_id":
            value = _SECURITY_ID.format(value)
        if column.name == "session_id":
            value = f"coalesce({value}, '{NO_SESSION}')"
        return value

    def cast(self, connection: Connection) -> None:
        """Make `incoming_<dataset>`: every column of the dataset, in its type."""
        columns = ", ".join(
            f"{self._cast(column)} as {column.name}" for column in self.dataset.columns
        )
        name = self.dataset.name
        connection.execute(
            f"create temp table incoming_{name} as select _row, {columns} from raw_{name}"
        )
        connection.execute(f"drop table raw_{name}")

    def check_keys(self, connection: Connection) -> None:
        keys = ", ".join(self.dataset.key)
        twice = connection.execute(
            f"select min(_row), max(_row), concat_ws(', ', {keys}) "
            f"from incoming_{self.dataset.name} "
            f"group by {keys} having count(*) > 1 order by 2 limit 1"
        ).fetchone()
        if twice:
            rows = (self.place(twice[0]), self.place(twice[1]))
            raise DuplicateKey(self.dataset.name, twice[2], source=self.source, rows=rows)

    def check_references(
        self, connection: Connection, landing: set[str], known: Callable[[str], list[Path]]
    ) -> None:
        """Refuse a row that names what is neither in this landing nor in the lake."""
        for column, target in self.dataset.references:
            there = f"select {column} from incoming_{target}" if target in landing else "select ''"
            if not self._orphan(connection, column, there):
                continue
            if files := known(target):
                landed = f"read_parquet({file_list(files)}, union_by_name = true)"
                there += f" union all select {column} from {landed}"
            if orphan := self._orphan(connection, column, there):
                value, row = orphan
                raise UnknownReference(
                    self.dataset.name,
                    column,
                    value,
                    target,
                    source=self.source,
                    row=self.place(row),
                )

    def _orphan(self, connection: Connection, column: str, there: str) -> tuple[str, int] | None:
        return connection.execute(
            f"select {column}, _row from incoming_{self.dataset.name} "
            f"where {column} not in ({there}) order by _row limit 1"
        ).fetchone()

    def row_count(self, connection: Connection) -> int:
        return _number(connection, f"select count(*) from incoming_{self.dataset.name}")

    def _mismatch(
        self, column: str, problem: str, *, row: int | None = None, hint: str = ""
    ) -> SchemaMismatch:
        place = None if row is None else self.place(row)
        return SchemaMismatch(
            self.dataset.name, column, problem, source=self.source, row=place, hint=hint
        )


def _read(connection: Connection, dataset: Dataset, table: Incoming) -> _Table:
    path, scan = None, "incoming_frame"
    if isinstance(table, Path):
        path = table
        scan = _csv_scan(dataset, path) if _is_csv(path) else f"read_parquet({literal(path)})"
    else:
        connection.register(scan, table)
    raw = f"raw_{dataset.name}"
    try:
        connection.execute(
            f"create temp table {raw} as select row_number() over () as _row, * from {scan}"
        )
    except Error as error:
        # After what is wrong DuckDB names the options of its reader, which nobody here can set.
        reason = complaint(error).split(" Possible ")[0]
        raise LakeCorrupt(path.name if path else dataset.name, reason) from error
    described = connection.execute(f"describe {raw}").fetchall()
    return _Table(dataset, path, {name: str(type_) for name, type_, *_ in described})


def _is_csv(path: Path | None) -> bool:
    return path is not None and path.suffix == ".csv"


def _csv_scan(dataset: Dataset, path: Path) -> str:
    """The query for a CSV file. Nothing is guessed: the header says how many cells a row has."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, csv.Error) as error:
        raise LakeCorrupt(path.name, str(getattr(error, "strerror", error))) from error
    for name in header:
        if [other.lower() for other in header].count(name.lower()) > 1:
            raise SchemaMismatch(dataset.name, name, "the column stands twice", source=path.name)
    if not header:
        raise LakeCorrupt(path.name, "the file is empty, without even a header")
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    return (
        f"read_csv({literal(path)}, auto_detect = false, header = true, delim = ',', "
        f"quote = '\"', escape = '\"', columns = {{{columns}}})"
    )


def _line(path: Path, row: int) -> int:
    """The line on which a row of a CSV file begins; cells may hold line breaks, lines be blank."""
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        cells = csv.reader(file)
        width = len(next(cells))
        begins, found = cells.line_num + 1, 0
        for line in cells:
            found += bool(line) or width == 1
            if found == row:
                break
            begins = cells.line_num + 1
    return begins


def _set_currencies(connection: Connection) -> None:
    """Set the variable that the currency test of tenet/schemas.py asks."""
    tables = [resources.folder("data") / f"{name}.csv" for name in ("currencies", "minor_units")]
    connection.execute(
        "set variable currencies = "
        f"(select list(code) from read_csv({file_list(tables)}, union_by_name = true))"
    )


def _number(connection: Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
