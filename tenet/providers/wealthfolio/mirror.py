"""The PostgreSQL mirror of Wealthfolio: account values that a side-car job reloads every hour.

Asked through ADBC (extra `postgres`). Every value comes as text, as PostgreSQL writes it. The texts
of the driver are not passed on: they repeat parts of the DSN.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tenet.errors import ConfigError, ProviderSyncError
from tenet.providers.wealthfolio.rows import COLUMNS, readable

if TYPE_CHECKING:
    from datetime import date

    from tenet.providers.wealthfolio.rows import Tables

TABLES = ("accounts", "daily_account_valuation", "activities")
_PASSWORD = re.compile(r"password\s*=\s*('(?:[^'\\]|\\.)*'|\S+)", re.IGNORECASE)
_REFUSED = re.compile(
    r"authentication failed|no password supplied|pg_hba\.conf|permission denied"
    r"|role .* (does not exist|not permitted)",
    re.IGNORECASE,
)
_MISTAKEN = re.compile(
    r"database .* does not exist|connection info string|connection option|percent-encoded"
    r"|invalid (URI|port|sslmode)|could not translate host name",
    re.IGNORECASE,
)
_NO_SELECT = "42501"


def read(dsn: str, day: date) -> Tables:
    """The rows of the three tables, up to and including a day.

    Raises ConfigError without the extra `postgres`; ProviderSyncError: pg_refused, pg_auth,
    pg_no_select, pg_dsn, pg_failed, not_wealthfolio, schema_too_old.
    """
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError:
        raise ConfigError(
            "wealthfolio.postgres_dsn", "needs the extra postgres: pip install 'tenet[postgres]'"
        ) from None
    try:
        connection = dbapi.connect(_patient(dsn))
    except dbapi.Error as error:
        failure = _not_connected(str(error))
    else:
        try:
            with connection, connection.cursor() as cursor:
                return _tables(cursor, day)
        except dbapi.Error as error:
            failure = _not_read(error)
    # Outside of the handlers, so that the driver's error is not even the context of this one.
    raise failure


def secrets_of(dsn: str) -> tuple[str, ...]:
    """The DSN and its password, as written and decoded."""
    found = {dsn, *(match.strip("'") for match in _PASSWORD.findall(dsn))}
    try:
        parts = urlsplit(dsn)
    except ValueError:
        return tuple(found)
    found |= {parts.password or "", unquote(parts.password or "")}
    found |= set(parse_qs(parts.query).get("password", []))
    return tuple(found - {""})


def _patient(dsn: str) -> str:
    """The DSN with a limit on waiting for a host that does not answer."""
    if "connect_timeout" in dsn:
        return dsn
    if "://" not in dsn:
        return f"{dsn} connect_timeout=10"
    return f"{dsn}{'&' if '?' in dsn else '?'}connect_timeout=10"


def _tables(cursor: Any, day: date) -> Tables:
    cursor.execute("set transaction isolation level repeatable read read only")
    cursor.execute("set local time zone 'UTC'")
    cursor.execute("set local datestyle to 'ISO'")
    cursor.execute("set local statement_timeout to '30s'")
    found = {table: _columns(cursor, table) for table in COLUMNS if table in TABLES}
    tables: Tables = {}
    for table, columns in readable(found).items():
        chosen = ", ".join(f'"{column}"::text' for column in columns)
        until = f" where valuation_date <= date '{day}'" if "valuation_date" in columns else ""
        cursor.execute(f"select {chosen} from {table}{until}")
        tables[table] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return tables


def _columns(cursor: Any, table: str) -> set[str]:
    # information_schema hides what the role must not read; the catalogue tells it from absence.
    cursor.execute(
        f"select attname::text from pg_attribute where attrelid = to_regclass('{table}') "
        "and attnum > 0 and not attisdropped"
    )
    return {name for (name,) in cursor.fetchall()}


def _not_connected(said: str) -> ProviderSyncError:
    if _REFUSED.search(said):
        return ProviderSyncError("auth", "PostgreSQL refuses this user or password", code="pg_auth")
    if _MISTAKEN.search(said):
        return ProviderSyncError(
            "data", "the PostgreSQL DSN names no database that can be found", code="pg_dsn"
        )
    return ProviderSyncError(
        "connection", "PostgreSQL does not answer", code="pg_refused", retriable=True
    )


def _not_read(error: Any) -> ProviderSyncError:
    if error.sqlstate == _NO_SELECT:
        return ProviderSyncError(
            "auth", "the PostgreSQL role may not read Wealthfolio's tables", code="pg_no_select"
        )
    return ProviderSyncError(
        "connection",
        f"PostgreSQL broke off (SQLSTATE {error.sqlstate or 'unknown'})",
        code="pg_failed",
        retriable=True,
    )
