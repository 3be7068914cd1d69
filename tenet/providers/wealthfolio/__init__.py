"""Wealthfolio: its own SQLite file, or the PostgreSQL mirror of its account values.

Rows come from `sqlite` or `mirror`; `rows` and `book` say which count and look them up; `accounts`
makes the result of them, with `positions`, `lines` and `activities`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from tenet.errors import ConfigError, ProviderSyncError
from tenet.providers.result import ProviderSyncResult, SyncWarning
from tenet.providers.wealthfolio import mirror, rows, sqlite
from tenet.providers.wealthfolio.accounts import (
    ALTERNATIVE_ASSETS,
    account_part,
    alternatives_part,
)
from tenet.providers.wealthfolio.book import Book

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    import httpx

    from tenet.providers.wealthfolio.rows import Row, Tables


@dataclass(frozen=True)
class Wealthfolio:
    """The provider. database: the SQLite file, preferred; postgres_dsn: the mirror, without it.

    busy_seconds: how long a database that is locked is waited for.
    """

    database: Path | None = None
    postgres_dsn: str | None = field(default=None, repr=False)
    busy_seconds: float = 5.0
    name: str = field(default="wealthfolio", init=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The mirror's DSN and its password."""
        return mirror.secrets_of(self.postgres_dsn) if self.postgres_dsn else ()

    def fetch(
        self,
        client: httpx.Client,  # noqa: ARG002 (nothing is asked over HTTP)
        *,
        at: datetime,
        pause: Callable[[float], None],  # noqa: ARG002 (SQLite itself waits for a lock)
    ) -> Tables:
        """Rows by table, up to today. Raises ProviderSyncError, or ConfigError."""
        today = at.astimezone(UTC).date()
        if self.database is not None:
            return sqlite.read(self.database, today, busy_seconds=self.busy_seconds)
        if self.postgres_dsn is not None:
            return mirror.read(self.postgres_dsn, today)
        raise ConfigError("wealthfolio", "needs a database or a postgres_dsn")

    def parse(self, payload: Any) -> ProviderSyncResult:
        """Accounts in use, their holdings and activities, and the assets that hang on none.

        A bad account is left out whole and is an error. Raises ProviderSyncError when the payload
        is no rows at all, or while a mirror is being reloaded (mirror_empty).
        """
        tables = rows.checked(payload, self.secrets)
        book = Book.of(tables)
        used = [row for row in tables["accounts"] if _is_used(row)]
        if book.is_mirror and not (tables["accounts"] and tables["daily_account_valuation"]):
            raise ProviderSyncError(
                "connection", "the mirror is being reloaded", code="mirror_empty", retriable=True
            )
        parts = [_isolated(str(row.get("id")), partial(account_part, row, book)) for row in used]
        if not book.is_mirror:
            parts.append(
                _isolated(ALTERNATIVE_ASSETS, partial(alternatives_part, book, _held(parts)))
            )
        if not used:
            parts.append(ProviderSyncResult(warnings=(SyncWarning("no_accounts"),)))
        if "activities" not in tables:
            parts.append(ProviderSyncResult(warnings=(SyncWarning("activities_unavailable"),)))
        return _together(parts)


def _is_used(account: Row) -> bool:
    return (
        account.get("id") != "TOTAL"
        and rows.is_true(account, "is_active", otherwise=True)
        and not rows.is_true(account, "is_archived", otherwise=False)
    )


def _isolated(account_id: str, part: Callable[[], ProviderSyncResult]) -> ProviderSyncResult:
    try:
        return part()
    except ProviderSyncError as error:
        named = ProviderSyncError(
            error.category,
            str(error),
            code=error.code,
            retriable=error.retriable,
            account_external_id=account_id,
        )
        return ProviderSyncResult(errors=(named,))


def _held(parts: Iterable[ProviderSyncResult]) -> set[str]:
    held = (line.raw.get("asset") for part in parts for line in part.holdings)
    return {str(asset.get("id")) for asset in held if asset}


def _together(parts: Iterable[ProviderSyncResult]) -> ProviderSyncResult:
    parts = list(parts)
    return ProviderSyncResult(
        **{
            field.name: tuple(chain.from_iterable(getattr(part, field.name) for part in parts))
            for field in fields(ProviderSyncResult)
        }
    )
