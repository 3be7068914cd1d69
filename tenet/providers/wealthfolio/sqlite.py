"""Wealthfolio's own SQLite file, read while the app may be writing to it.

Read-only, in one transaction, through SQLite itself: the newest rows may still be in the -wal file.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from tenet.errors import ProviderSyncError
from tenet.providers.wealthfolio.rows import COLUMNS, readable

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from tenet.providers.wealthfolio.rows import Tables

_MAGIC = b"SQLite format 3\0"
_SNAPSHOTS = "holdings_snapshots"
_FAILURES = {
    sqlite3.SQLITE_BUSY: ("connection", "locked", "is locked by another program"),
    sqlite3.SQLITE_LOCKED: ("connection", "locked", "is locked by another program"),
    sqlite3.SQLITE_IOERR: ("connection", "io_error", "cannot be read now"),
    sqlite3.SQLITE_PERM: ("auth", "permission_denied", "must not be read by this user"),
    sqlite3.SQLITE_CANTOPEN: ("auth", "permission_denied", "or its -wal file cannot be opened"),
    sqlite3.SQLITE_NOTADB: ("data", "not_sqlite", "is not an SQLite database"),
}


def read(path: Path, day: date, *, busy_seconds: float) -> Tables:
    """The rows of every table that matters, up to and including a day.

    Of snapshots and quotes only the newest day of each account and asset.
    Raises ProviderSyncError: file_missing, permission_denied, not_sqlite, locked, wal_missing,
    not_wealthfolio, schema_too_old, malformed.
    """
    is_wal = _is_write_ahead(path)
    has_wal = path.with_name(f"{path.name}-wal").exists()
    # Without a -wal file nobody writes; immutable then leaves no files of ours beside it.
    address = f"{path.resolve().as_uri()}?{'immutable=1' if is_wal and not has_wal else 'mode=ro'}"
    try:
        with closing(
            sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None)
        ) as connection:
            connection.text_factory = lambda written: written.decode("utf-8", "replace")
            return _tables(connection, day)
    except sqlite3.Error as error:
        failure = _failure(error, path)
        lacks_wal = failure.code == "malformed" and is_wal and not has_wal
        raise (_wal_missing(path) if lacks_wal else failure) from error
    except ProviderSyncError as error:
        if is_wal and not has_wal:
            raise _wal_missing(path) from error
        raise


def _is_write_ahead(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(20)
    except (FileNotFoundError, NotADirectoryError):
        raise ProviderSyncError("data", f"there is no file {path}", code="file_missing") from None
    except PermissionError:
        raise ProviderSyncError(
            "auth", f"{path} must not be read by this user", code="permission_denied"
        ) from None
    except OSError:
        head = b""
    if not head.startswith(_MAGIC):
        raise ProviderSyncError("data", f"{path} is not an SQLite database", code="not_sqlite")
    return head[19] == 2


def _tables(connection: sqlite3.Connection, day: date) -> Tables:
    connection.execute("begin")
    until = {"until": (day + timedelta(days=1)).isoformat()}
    found = {
        table: {
            name for (name,) in connection.execute(f"select name from pragma_table_info('{table}')")
        }
        for table in COLUMNS
    }
    chosen = readable(found)
    return {
        table: [
            dict(zip(columns, row, strict=True))
            for row in connection.execute(_query(table, chosen), until)
        ]
        for table, columns in chosen.items()
    }


def _query(table: str, chosen: dict[str, list[str]]) -> str:
    query = f"select {', '.join(chosen[table])} from {table}"
    match table:
        case "daily_account_valuation":
            return f"{query} where valuation_date < :until"
        case "quotes":
            return f"{query} where {_newest(table, 'asset_id', 'day')}"
        case "holdings_snapshots" | "snapshot_positions":
            real = "upper(source) <> 'SYNTHETIC'" if "source" in chosen[_SNAPSHOTS] else "true"
            newest = _newest(_SNAPSHOTS, "account_id", "snapshot_date", real)
            if table == _SNAPSHOTS:
                return f"{query} where {newest}"
            return f"{query} where snapshot_id in (select id from {_SNAPSHOTS} where {newest})"
        case _:
            return query


def _newest(table: str, key: str, day: str, condition: str = "true") -> str:
    past = f"{day} < :until and {condition}"
    return (
        f"{past} and ({key}, {day}) in "
        f"(select {key}, max({day}) from {table} where {past} group by {key})"
    )


def _failure(error: sqlite3.Error, path: Path) -> ProviderSyncError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    category, name, what = _FAILURES.get(code, ("data", "malformed", "is damaged"))
    return ProviderSyncError(
        category, f"{path} {what}", code=name, retriable=category == "connection"
    )


def _wal_missing(path: Path) -> ProviderSyncError:
    return ProviderSyncError(
        "data",
        f"{path} was copied without its -wal file, which held what is missing here; "
        "copy both, or use `sqlite3 .backup`",
        code="wal_missing",
    )
