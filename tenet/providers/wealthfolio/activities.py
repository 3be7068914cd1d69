"""Activities from Wealthfolio's rows. Best effort: a row that cannot be read is a warning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tenet.errors import ProviderSyncError
from tenet.providers.result import Activity, SyncWarning
from tenet.providers.wealthfolio import rows
from tenet.providers.wealthfolio.lines import multiplier, symbol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from tenet.providers.wealthfolio.rows import Row

# Our type, the sign of its cash, the sign of its units.
_TYPES = {
    "BUY": ("buy", -1, 1),
    "SELL": ("sell", 1, -1),
    "DIVIDEND": ("dividend", 1, 1),
    "INTEREST": ("interest", 1, 1),
    "DEPOSIT": ("deposit", 1, 1),
    "WITHDRAWAL": ("withdrawal", -1, -1),
    "TRANSFER_IN": ("transfer_in", 1, 1),
    "TRANSFER_OUT": ("transfer_out", -1, -1),
    "ADD_HOLDING": ("transfer_in", 1, 1),
    "REMOVE_HOLDING": ("transfer_out", -1, -1),
    "FEE": ("fee", -1, 1),
    "TAX": ("tax", -1, 1),
    "CREDIT": ("other", 1, 1),
    "SPLIT": ("split", 0, 1),
    "ADJUSTMENT": ("adjustment", 0, 1),
}


def activities(
    table: Iterable[Row], assets: dict[str, Row], *, places: int | None = None
) -> tuple[list[Activity], list[SyncWarning]]:
    """The posted rows, and a warning for each that cannot be read or is of an unknown type."""
    found: list[Activity] = []
    warnings: list[SyncWarning] = []
    for row in table:
        if str(row.get("status") or "POSTED").upper() != "POSTED":
            continue
        account_id, row_id = str(row.get("account_id")), str(row.get("id"))
        written = _type(row)
        try:
            found.append(_activity(row, assets, places))
        except ProviderSyncError as error:
            detail = {"activity": row_id, "reason": str(error)}
            warnings.append(SyncWarning("dropped_row", account_id, detail=detail))
        else:
            if written not in _TYPES:
                detail = {"activity": row_id, "type": written}
                warnings.append(SyncWarning("unknown_activity_type", account_id, detail=detail))
    return found, warnings


def _activity(row: Row, assets: dict[str, Row], places: int | None) -> Activity:
    kind, cash_sign, unit_sign = _TYPES.get(_type(row), ("other", 1, 1))
    currency, divisor = rows.major(rows.text(row, "currency"))
    asset_id = rows.text(row, "asset_id")
    asset = assets.get(asset_id) if asset_id else None
    quantity = rows.number(row, "quantity", places)
    fee = rows.number(row, "fee", places)
    settled = rows.text(row, "settlement_date")
    return Activity(
        account_external_id=str(row.get("account_id")),
        external_id=str(row.get("id")),
        type=kind,
        activity_date=rows.day(row, "activity_date"),
        activity_at=_time(row),
        settlement_date=rows.day(row, "settlement_date") if settled else None,
        symbol=symbol(asset_id, asset) if asset_id else None,
        quantity=None
        if quantity is None
        else quantity.copy_sign(-1)
        if unit_sign < 0
        else quantity,
        price=rows.divided(rows.number(row, "unit_price", places), divisor),
        amount=rows.divided(_cash_effect(row, asset or {}, kind, cash_sign, places), divisor),
        fee=rows.divided(fee and abs(fee), divisor),
        currency=currency,
        description=rows.text(row, "notes"),
        raw=row,
    )


def _type(row: Row) -> str:
    written = rows.text(row, "activity_type_override") or rows.text(row, "activity_type")
    return (written or "").upper()


def _cash_effect(row: Row, asset: Row, kind: str, sign: int, places: int | None) -> Decimal | None:
    """What cash moved, fee and tax taken off; unknown where only units moved."""
    if sign == 0:
        return None
    fee, tax = rows.number(row, "fee", places), rows.number(row, "tax", places)
    amount = rows.number(row, "amount", places)
    if kind in ("fee", "tax"):
        charge = amount or (fee if kind == "fee" else tax) or amount
        return None if charge is None else -abs(charge)
    if amount is None and kind in ("buy", "sell"):
        # Wealthfolio leaves the amount of a trade blank where quantity and price say it.
        quantity, price = rows.number(row, "quantity"), rows.number(row, "unit_price")
        if quantity is not None and price is not None:
            amount = quantity * price * multiplier(asset)
    if amount is None:
        return None
    gross = -abs(amount) if sign < 0 else amount
    return gross - sum(abs(cost) for cost in (fee, tax) if cost is not None)


def _time(row: Row) -> datetime | None:
    """The moment, where more than a day is written; without a zone it is UTC."""
    written = rows.text(row, "activity_date") or ""
    if len(written) <= 10:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
