"""Reading what happened at Coinbase: fills of orders, and transactions of the older API."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tenet.providers.coinbase_portfolios import FIAT
from tenet.providers.ids import cash
from tenet.providers.result import Activity, SyncWarning
from tenet.sent import fields, number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from tenet.providers.reading import Draft

_TRANSFERS = {
    "send",
    "receive",
    "transfer",
    "staking_transfer",
    "unstaking_transfer",
    "exchange_deposit",
    "exchange_withdrawal",
    "pro_deposit",
    "pro_withdrawal",
    "vault_withdrawal",
    "intx_deposit",
    "intx_withdrawal",
    "unsupported_asset_recovery",
}
"""Both directions: the sign tells."""
_TRADES = {"buy", "sell", "trade", "wrap_asset", "unwrap_asset", "retail_simple_dust"}
_TYPES = {
    "fiat_deposit": "deposit",
    "fiat_withdrawal": "withdrawal",
    "staking_reward": "interest",
    "inflation_reward": "interest",
    "interest": "interest",
    "earn_payout": "interest",
    "incentives_rewards_payout": "interest",
    "subscription": "fee",
    "subscription_rebate": "fee",
    "clawback": "adjustment",
    "incentives_shared_clawback": "adjustment",
    "derivatives_settlement": "adjustment",
}
_UNFINISHED = ("pending", "waiting_for_clearing", "waiting_for_signature")
_FELL_THROUGH = ("failed", "canceled", "cancelled", "expired")


def read_history(fills: list[Any], transactions: list[Any], default: str, draft: Draft) -> None:
    """Activities of the accounts that are in the draft.

    default: the portfolio of the older API's wallets, and of fills that name none.
    """
    found = draft.read(None, fills, partial(_fill, default))
    found += draft.read(default, transactions, partial(_transaction, default))
    known = {account.external_id for account in draft.accounts}
    once = {row.external_id: row for row in found if row.account_external_id in known}
    draft.activities.extend(once.values())


def _fill(default: str, row: Any) -> Iterator[Activity]:
    told = fields(row)
    product, side = _id(told, "product_id"), told.get("side")
    size, price = number(told.get("size")), number(told.get("price"))
    in_quote = str(told.get("size_in_quote")).lower() == "true"
    if size is None or side not in ("BUY", "SELL") or (in_quote and not price):
        raise ValueError(f"a fill of {product}")
    quantity = size / price if in_quote and price else size
    commission = number(told.get("commission"))
    sign = 1 if side == "BUY" else -1
    kind = side.lower()
    if told.get("trade_type") == "REVERSAL":
        sign, kind = -sign, "cancel"
    base, _, quote = product.partition("-")
    is_spot = bool(quote) and "-" not in quote
    amount = None
    if is_spot and price is not None:
        amount = -sign * quantity * price - (commission or 0)
    at = _moment(told.get("trade_time"))
    yield Activity(
        _text(told, "retail_portfolio_id") or default,
        _id(told, "entry_id"),
        kind,
        at.date(),
        activity_at=at,
        # A contract's notional value is no cash, and nothing says in what its fees are paid.
        symbol=_symbol(base) if is_spot else product,
        quantity=sign * quantity,
        price=price,
        amount=amount,
        fee=commission,
        currency=quote if is_spot else None,
        description=product,
        flags=("size_in_quote",) if in_quote else (),
        raw=told,
    )


def _transaction(account_id: str, row: Any) -> Iterator[Activity | SyncWarning]:
    told = fields(row)
    external_id, named, status = _id(told, "id"), _id(told, "type"), told.get("status")
    moved, native = fields(told.get("amount")), fields(told.get("native_amount"))
    quantity, currency = number(moved.get("amount")), _text(moved, "currency")
    # The fills tell of these already, and the coin's side of a trade has its money too.
    if named == "advanced_trade_fill" or (named in _TRADES and currency in FIAT):
        return
    if status in _UNFINISHED:
        yield SyncWarning("pending_skipped", account_id, detail={"raw": external_id})
    if status in _UNFINISHED or status in _FELL_THROUGH:
        return
    if quantity is None or not currency:
        raise ValueError(f"a transaction, {named}")
    kind = _kind(named, quantity)
    if kind == "other":
        yield SyncWarning("unknown_activity_type", account_id, detail={"raw": named})
    amount, at = number(native.get("amount")), _moment(told.get("created_at"))
    yield Activity(
        account_id,
        external_id,
        kind,
        at.date(),
        activity_at=at,
        symbol=_symbol(currency),
        quantity=quantity,
        amount=-amount if amount and named in _TRADES else amount,
        currency=_text(native, "currency"),
        description=_text(told, "description") or named,
        raw=told,
    )


def _kind(named: str, quantity: Decimal) -> str:
    if named in _TRANSFERS:
        return "transfer_out" if quantity < 0 else "transfer_in"
    if named in _TRADES:
        return "sell" if quantity < 0 else "buy"
    return _TYPES.get(named, "other")


def _symbol(asset: str) -> str:
    return cash(asset) if asset in FIAT else asset


def _id(row: dict[str, Any], field: str) -> str:
    found = _text(row, field)
    if not found:
        raise ValueError(f"a row without {field}")
    return found


def _text(row: dict[str, Any], field: str) -> str | None:
    found = row.get(field)
    return found if isinstance(found, str) and found else None


def _moment(value: Any) -> datetime:
    """A time, UTC. Raises ValueError."""
    found = datetime.fromisoformat(str(value))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
