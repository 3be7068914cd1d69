"""Wealthfolio's tables as rows: which columns are read, and what their values say.

Two generations of its SQLite file and the PostgreSQL mirror differ in columns, so a column is asked
for by name and only where it is. Numbers are text or JSON; dates are text.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from tenet import sent
from tenet.errors import ProviderSyncError
from tenet.providers.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Row = dict[str, Any]
Tables = dict[str, list[Row]]

COLUMNS = {
    "accounts": ("id name currency", "account_type is_active is_archived platform_id provider"),
    "daily_account_valuation": (
        "account_id valuation_date total_value",
        "account_currency cash_balance investment_market_value net_contribution value_status",
    ),
    "holdings_snapshots": ("id account_id snapshot_date positions cash_balances", "source"),
    "assets": (
        "id kind",
        """name metadata is_active quote_ccy
        instrument_type instrument_symbol instrument_exchange_mic""",
    ),
    "quotes": ("asset_id day close currency", "source"),
    "activities": (
        "id account_id activity_type activity_date currency",
        """asset_id activity_type_override status settlement_date
        quantity unit_price amount fee tax notes""",
    ),
    "snapshot_positions": (
        "snapshot_id asset_id quantity",
        "average_cost total_cost_basis currency contract_multiplier is_alternative",
    ),
    "lots": (
        "account_id asset_id remaining_quantity",
        "split_ratio remaining_cost_basis is_closed currency",
    ),
    "platforms": ("id", "name external_id"),
    "app_settings": ("setting_key setting_value", ""),
}
"""Each table with the columns it must have and those it may have, in the order of reading."""

_SHOWN = {"accounts": "name", "platforms": "name", "assets": "name", "activities": "notes"}
_MIRRORED = ("accounts", "daily_account_valuation")
_OWN = ("holdings_snapshots", "assets", "quotes")
_MINOR = {
    "GBp": ("GBP", 100),
    "GBX": ("GBP", 100),
    "ZAc": ("ZAR", 100),
    "ZAC": ("ZAR", 100),
    "ILA": ("ILS", 100),
    "KWF": ("KWD", 1000),
}


def readable(found: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """The columns to read of each table that can be read, given the columns of each.

    Without snapshots, assets and quotes it is the mirror, which has account values only.
    Raises ProviderSyncError (not_wealthfolio, schema_too_old).
    """
    chosen = {}
    for table, (needed, others) in COLUMNS.items():
        if set(needed.split()) <= found.get(table, set()):
            chosen[table] = [*needed.split(), *sorted(found[table] & set(others.split()))]
    if "accounts" not in chosen:
        raise ProviderSyncError(
            "data", "the tables are not those of Wealthfolio", code="not_wealthfolio"
        )
    is_own = any(found.get(table) for table in _OWN)
    missing = {*_MIRRORED, *(_OWN if is_own else ())} - set(chosen)
    if missing:
        raise ProviderSyncError(
            "data",
            f"Wealthfolio is too old, or too new: {', '.join(sorted(missing))} cannot be read",
            code="schema_too_old",
        )
    return chosen


def checked(payload: Any, secrets: Iterable[str]) -> Tables:
    """The payload as tables of rows, text for people scrubbed. Raises ProviderSyncError."""
    secrets = tuple(secrets)
    if not isinstance(payload, dict) or not all(
        isinstance(payload.get(table), list) for table in _MIRRORED
    ):
        raise malformed("the rows", "malformed")
    tables: Tables = {}
    for table, rows in payload.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise malformed(str(table), "malformed")
        shown = _SHOWN.get(table)
        tables[table] = [
            row | {shown: scrub(row[shown], secrets)}
            if shown and isinstance(row.get(shown), str)
            else row
            for row in rows
        ]
    return tables


def malformed(what: str, code: str = "malformed_row") -> ProviderSyncError:
    """The error of a value that cannot be what it should be."""
    return ProviderSyncError("data", f"{what}: not what Wealthfolio writes there", code=code)


def number(row: Row, column: str, places: int | None = None) -> Decimal | None:
    """A decimal, rounded to `places` where given; None for null or blank. Raises malformed_row."""
    if row.get(column) in (None, ""):
        return None
    found = sent.number(row[column])
    if found is None:
        raise malformed(column)
    return found if places is None else rounded(found, places)


def rounded(value: Decimal, places: int) -> Decimal:
    """A decimal to so many places, half away from zero; one with too many digits as it is."""
    if value.adjusted() + places >= 28:
        return value
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def known(row: Row, column: str) -> Decimal:
    """A decimal that must be there. Raises malformed_row."""
    found = number(row, column)
    if found is None:
        raise malformed(column)
    return found


def day(row: Row, column: str) -> date:
    """A calendar day, the first part of a time. Raises malformed_row."""
    try:
        return date.fromisoformat(str(row.get(column))[:10])
    except ValueError:
        raise malformed(column) from None


def text(row: Row, column: str) -> str | None:
    """Text without blanks around it; None for null or blank."""
    return sent.text(row.get(column))


def is_true(row: Row, column: str, *, otherwise: bool) -> bool:
    """A flag as SQLite (0, 1), PostgreSQL (true, false) or JSON writes it."""
    value = row.get(column)
    return otherwise if value is None else str(value).lower() in ("1", "true", "t")


def entries(row: Row, column: str) -> dict[str, Any]:
    """A JSON object; empty for null or blank. Raises ProviderSyncError (malformed)."""
    written = text(row, column)
    if written is None:
        return {}
    found = sent.json_body(written.encode("utf-8", "replace"))
    if not isinstance(found, dict):
        raise malformed(column, "malformed")
    return found


def by(table: Iterable[Row], column: str) -> dict[str, list[Row]]:
    """Rows by what a column says, in their order."""
    found: dict[str, list[Row]] = {}
    for row in table:
        found.setdefault(str(row.get(column)), []).append(row)
    return found


def major(currency: str | None) -> tuple[str | None, Decimal]:
    """A currency and how many of what is written make one: GBp is 100 to the GBP."""
    code, divisor = _MINOR.get(currency or "", (currency, 1))
    return code, Decimal(divisor)


def divided(value: Decimal | None, divisor: Decimal) -> Decimal | None:
    """A value in the major currency."""
    return value if value is None or divisor == 1 else value / divisor
