"""What happened in an account: transactions by their types and signs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tenet import sent
from tenet.errors import ProviderSyncError
from tenet.providers.result import Activity, ProviderSyncResult, SyncWarning, joined
from tenet.providers.schwab.lines import symbol_of
from tenet.providers.schwab.wire import Json, fault, located, masked, rows, text

# Schwab's type, as money or units come in and as they go out.
_TYPES = {
    "TRADE": ("buy", "sell"),
    "RECEIVE_AND_DELIVER": ("transfer_in", "transfer_out"),
    "JOURNAL": ("transfer_in", "transfer_out"),
    "DIVIDEND_OR_INTEREST": ("dividend", "dividend"),
    **dict.fromkeys(
        (
            *("ACH_RECEIPT", "CASH_RECEIPT", "WIRE_IN", "ELECTRONIC_FUND"),
            *("ACH_DISBURSEMENT", "CASH_DISBURSEMENT", "WIRE_OUT"),
        ),
        ("deposit", "withdrawal"),
    ),
    **dict.fromkeys(("MARGIN_CALL", "MONEY_MARKET", "SMA_ADJUSTMENT"), ("adjustment",) * 2),
    "MEMORANDUM": ("other", "other"),
}
_INCOME_WORDS = {
    "tax": re.compile(r"\b(tax|withholding|w/h)\b", re.IGNORECASE),
    "fee": re.compile(r"\bfee\b", re.IGNORECASE),
    "interest": re.compile(r"\b(interest|int)\b", re.IGNORECASE),
}


def activities(
    external_id: str, answer: bytes | ProviderSyncError, hidden: list[str]
) -> ProviderSyncResult:
    """An account's transactions; where they could not be had, the reason. Holdings do not mind."""
    if isinstance(answer, ProviderSyncError) and answer.code == "not_offered":
        unavailable = SyncWarning("activities_unavailable", external_id)
        return ProviderSyncResult(warnings=(unavailable,))
    if isinstance(answer, ProviderSyncError):
        return ProviderSyncResult(errors=(located(answer, external_id, hidden),))
    try:
        given = [masked(sent.fields(row), hidden) for row in rows(answer, external_id)]
    except ProviderSyncError as error:
        return ProviderSyncResult(errors=(error,))
    return joined(_read(external_id, row) for row in given)


def _read(external_id: str, row: Json) -> ProviderSyncResult:
    """One transaction. A void one is left out; a pending one comes again when it is booked."""
    number, status, given = text(row.get("activityId")), row.get("status"), text(row.get("type"))
    moment = _moment(row.get("tradeDate")) or _moment(row.get("time"))
    if status == "INVALID":
        return ProviderSyncResult()
    if status == "PENDING":
        pending = SyncWarning("pending_skipped", external_id, detail={"activity_id": number})
        return ProviderSyncResult(warnings=(pending,))
    if number is None or moment is None:
        wrong = fault("malformed_row", f"transaction {number}: no id or no date", external_id)
        return ProviderSyncResult(errors=(wrong,))
    unknown = SyncWarning("unknown_activity_type", external_id, detail={"type": given})
    return ProviderSyncResult(
        activities=(_activity(external_id, number, moment, row),),
        warnings=() if given in _TYPES else (unknown,),
    )


def _activity(external_id: str, number: str, moment: datetime, row: Json) -> Activity:
    given = row.get("transferItems")
    items = [sent.fields(item) for item in given] if isinstance(given, list) else []
    security = next(filter(_is_security, items), {})
    instrument = sent.fields(security.get("instrument"))
    amount, quantity = sent.number(row.get("netAmount")), sent.number(security.get("amount"))
    description = text(row.get("description")) or text(instrument.get("description"))
    settled = _moment(row.get("settlementDate"))
    return Activity(
        external_id,
        number,
        _type(str(row.get("type")), description or "", amount, quantity),
        moment.date(),
        activity_at=moment,
        settlement_date=settled.date() if settled else None,
        symbol=symbol_of(instrument),
        quantity=quantity,
        price=sent.number(security.get("price")),
        amount=amount,
        fee=_fee(items),
        currency="USD",
        description=description,
        raw=row,
    )


def _fee(items: list[Json]) -> Decimal | None:
    """What the items that name a fee type cost; the security's own cost is no fee."""
    costs = [sent.number(item.get("cost")) for item in items if item.get("feeType")]
    known = [abs(cost) for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known else None


def _is_security(item: Json) -> bool:
    instrument = sent.fields(item.get("instrument"))
    return not item.get("feeType") and instrument.get("assetType") not in (None, "CURRENCY")


def _type(given: str, description: str, amount: Decimal | None, quantity: Decimal | None) -> str:
    if given == "DIVIDEND_OR_INTEREST":
        words = _INCOME_WORDS.items()
        return next((type_ for type_, word in words if word.search(description)), "dividend")
    inward, outward = _TYPES.get(given, ("other", "other"))
    if given in ("TRADE", "RECEIVE_AND_DELIVER") and quantity:
        is_inward = quantity > 0
    else:
        is_inward = (amount or quantity or Decimal(0)) >= 0
    return inward if is_inward else outward


def _moment(value: Any) -> datetime | None:
    """A UTC time; None for what is none, and for the dates of 1970 that stand for none."""
    try:
        moment = datetime.fromisoformat(str(value))
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1970 else None
