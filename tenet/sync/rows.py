"""The raw rows that a sync lands: results and verdicts in the words of tenet/schemas.py."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from tenet import resources
from tenet.providers.result import SyncWarning
from tenet.sync.judge import moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tenet.providers.result import Activity, Holding, ProviderSyncResult
    from tenet.sync.judge import Verdict

Row = dict[str, Any]

NO_CURRENCY = "XXX"
"""ISO 4217 for "no currency": what a provider's own unit becomes. It has no rate, so no value."""

_LARGEST = Decimal(10) ** 18


def account_row(provider: str, session_id: str, verdict: Verdict) -> Row | None:
    """The row of `accounts`; None where the provider said nothing of the account."""
    account = verdict.account
    if account is None:
        return None
    return {
        "account_id": verdict.account_id,
        "session_id": session_id,
        "provider": provider,
        "external_id": account.external_id,
        "name": account.name,
        "institution": account.institution,
        "account_type": account.kind,
        "currency": currency(account.currency),
    }


def account_sync_row(session_id: str, verdict: Verdict) -> Row:
    """The row of `account_syncs`."""
    as_of = moment(verdict.account.balance_date) if verdict.account else None
    return {
        "session_id": session_id,
        "account_id": verdict.account_id,
        "status": verdict.status,
        "error": verdict.error,
        "balance_date": as_of,
    }


def snapshot_row(session_id: str, snapshot_id: str, verdict: Verdict, at: datetime) -> Row:
    """The row of `snapshots` of a verdict that has one. at: when it was observed."""
    account = verdict.account
    return {
        "snapshot_id": snapshot_id,
        "account_id": verdict.account_id,
        "session_id": session_id,
        "observed_at": at,
        "balance_date": moment(account.balance_date) if account else None,
        "total_value": _ten_places(account.total_value) if account else None,
        "currency": currency(account.currency) if account else None,
        "status": verdict.status,
    }


def holding_rows(snapshot_id: str, verdict: Verdict) -> tuple[list[Row], list[SyncWarning]]:
    """The rows of `holdings`, one a symbol: lines with one symbol are added up, with a warning.

    Raises ValueError when a number does not fit, which fails the account alone.
    """
    lines: dict[str, list[Holding]] = defaultdict(list)
    for holding in verdict.holdings:
        lines[_security_id(holding.symbol)].append(holding)
    rows, warnings = [], []
    for security_id, same in lines.items():
        if len(same) > 1:
            external_id = same[0].account_external_id
            warnings.append(SyncWarning("duplicate_symbol", external_id, same[0].symbol))
        rows.append(_holding_row(snapshot_id, verdict, security_id, same))
    return rows, warnings


def _holding_row(snapshot_id: str, verdict: Verdict, security_id: str, same: list[Holding]) -> Row:
    first = same[0]
    account_currency = verdict.account.currency if verdict.account else None
    quantity = sum((line.quantity for line in same), Decimal(0))
    if all("value_only" in line.flags for line in same):
        quantity = first.quantity  # one thing, told in several sums
    multiplier = Decimal(1) if first.multiplier is None else first.multiplier
    value = _sum(line.market_value for line in same)
    price = first.price
    if len(same) > 1:
        units = quantity * multiplier
        price = None if value is None or not units else value / units
    if price is not None and price < 0:
        # A debt of one unit at minus its balance: a price is never negative, a quantity may be.
        quantity, price = -quantity, -price
    return {
        "snapshot_id": snapshot_id,
        "security_id": security_id,
        "account_id": verdict.account_id,
        "symbol": first.symbol,
        "name": first.name,
        "quantity": _ten_places(quantity),
        "snapshot_price": _ten_places(price),
        "snapshot_value": _ten_places(value),
        "currency": currency(first.currency or account_currency) or NO_CURRENCY,
        "multiplier": _ten_places(multiplier),
        "cost_basis": _ten_places(_sum(line.cost_basis for line in same)),
        "asset_type": first.asset_type,
        "raw": _json([dict(line.raw) for line in same] if len(same) > 1 else dict(first.raw)),
    }


def activity_row(provider: str, activity: Activity) -> Row:
    """The row of `activities`."""
    return {
        "account_id": f"{provider}:{activity.account_external_id}",
        "external_id": activity.external_id,
        "activity_at": activity.activity_at,
        "activity_date": activity.activity_date,
        "settlement_date": activity.settlement_date,
        "type": activity.type,
        "symbol": activity.symbol,
        "security_id": _security_id(activity.symbol) if activity.symbol else None,
        "quantity": _ten_places(activity.quantity),
        "price": _ten_places(activity.price),
        "amount": _ten_places(activity.amount),
        "fee": _ten_places(activity.fee),
        "currency": currency(activity.currency),
        "description": activity.description,
        "raw": _json(dict(activity.raw)),
    }


def sync_log_row(
    provider: str,
    session_id: str,
    result: ProviderSyncResult,
    verdicts: list[Verdict],
    seconds: float,
) -> Row:
    """The row of `sync_log`: a provider's story. Warnings stand among the errors as such."""
    count = Counter(verdict.status for verdict in verdicts)
    errors: list[Row] = [
        {
            "category": error.category,
            "message": str(error),
            "code": error.code,
            "institution": error.institution,
            "account": error.account_external_id,
            "retriable": error.retriable,
        }
        for error in result.errors
    ]
    errors += [
        {
            "category": "warning",
            "message": warning.code,
            "account": warning.account_external_id,
            "symbol": warning.symbol,
            **warning.detail,
        }
        for warning in result.warnings
    ]
    outcomes = {"ok": "success"}
    return {
        "session_id": session_id,
        "provider": provider,
        "status": outcomes.get(result.outcome, result.outcome),
        "errors": _json(errors),
        "accounts_synced": count["success"],
        "accounts_stale": count["stale"],
        "accounts_error": sum(count[name] for name in ("error", "failed", "quarantined")),
        "seconds": _ten_places(Decimal(str(round(seconds, 3)))),
    }


def currency(code: str | None) -> str | None:
    """A currency code as it may be landed: a provider's own unit becomes XXX, null stays null."""
    if not code:
        return None
    known = resources.codes("currencies") | resources.codes("minor_units")
    return code if code in known else NO_CURRENCY


def _security_id(symbol: str) -> str:
    is_synthetic = symbol.startswith("_") and not symbol.upper().startswith("_CASH:")
    return symbol if is_synthetic else symbol.upper()


def _ten_places(value: Decimal | None) -> Decimal | None:
    if value is None:
        return None
    if not value.is_finite() or abs(value) >= _LARGEST:
        raise ValueError(f"{value} does not fit")
    return value.quantize(Decimal("1e-10"), ROUND_HALF_UP)


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; unknown when one part is."""
    total = Decimal(0)
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _json(value: Any) -> str:
    return json.dumps(value, default=str, sort_keys=True)
