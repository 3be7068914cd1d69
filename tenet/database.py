"""The one door to DuckDB: how tenet opens it, and how it quotes names and text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import duckdb

from tenet.errors import HomeNotWritable, LakeCorrupt, TenetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Connection = duckdb.DuckDBPyConnection
Error = duckdb.Error

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def connect() -> Connection:
    """A private in-memory database: UTC, no progress bar, nothing fetched from outside."""
    connection = duckdb.connect(config=_CONFIG)
    connection.execute("set timezone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


def connect_reading(path: Path) -> Connection:
    """A connection on which the published file is the current, read-only database.

    Attached under a private in-memory database, because a second plain `connect(path)` in one
    process is handed the instance that is already open, which may be an older build.
    """
    connection = connect()
    connection.execute(f"attach {literal(path)} as tenet (read_only)")
    connection.execute("use tenet")
    return connection


def literal(value: object) -> str:
    """`value` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def file_list(paths: Iterable[Path]) -> str:
    """Paths as an SQL list, for `read_parquet`."""
    return "[" + ", ".join(literal(path) for path in paths) + "]"


def rows(
    connection: Connection, query: str, parameters: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """The answer to a query, a dict each row."""
    answer = connection.execute(query, dict(parameters or {}))
    names = [column[0] for column in answer.description]
    return [dict(zip(names, values, strict=True)) for values in answer.fetchall()]


def trouble(error: Exception, home: Path) -> TenetError:
    """The trouble with a file behind what DuckDB or the system says: which one, and why."""
    if isinstance(error, OSError):
        return HomeNotWritable(home, error.strerror or str(error))
    text = complaint(error)
    if "No space left" in text:
        return HomeNotWritable(home, "no space left on the disk")
    found = re.search(r"/[^'\"]+\.parquet", text)
    return LakeCorrupt(found[0], text) if found else HomeNotWritable(home, text)


def complaint(error: Exception) -> str:
    """What DuckDB said, in one line, without its picture of the statement."""
    return " ".join(str(error).split("\nLINE ")[0].split())
