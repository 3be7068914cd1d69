"""The lines of one SimpleFIN account: holdings, the cash that remains, and activities.

Cash is what the balance holds beyond the holdings; below zero it is owed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet import sent
from tenet.errors import ProviderSyncError
from tenet.providers import ids
from tenet.providers.result import (
    Account,
    Activity,
    Holding,
    ProviderSyncResult,
    SyncWarning,
    cash_holding,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]

_CURRENCY = re.compile(r"[A-Z]{3}")
_CASH = ("$", "$$", "CASH")
_AHEAD = timedelta(days=366)


def account_lines(
    account: Account, rows: list[Any], clean: Callable[[Any], str | None]
) -> ProviderSyncResult:
    """The account, of the kind that its lines tell, with its lines. clean: text for people.

    A currency of the institution's own (a URL) has no value in money: no line then.
    """
    if not _CURRENCY.fullmatch(account.currency or ""):
        flags = ("custom_currency",) if "://" in (account.currency or "") else ()
        warning = SyncWarning("unknown_currency", account.external_id)
        return ProviderSyncResult((replace(account, flags=flags),), warnings=(warning,))
    held = [row for row in map(sent.fields, rows) if not _is_cash(row, account)]
    found = [_holding(account, row, clean) for row in held]
    holdings = [line for line in found if isinstance(line, Holding)]
    balance = account.total_value or Decimal(0)
    if not held and balance:
        account = replace(account, kind="deposit" if balance > 0 else "liability")
    warnings = [row for row in found if isinstance(row, SyncWarning)]
    warnings += [
        SyncWarning("missing_price", account.external_id, line.symbol)
        for line in holdings
        if line.price is None
    ]
    cash = _remainder(account, balance, held)
    if cash is None:
        warnings.append(SyncWarning("missing_cash", account.external_id))
    elif cash:
        owed = ("margin_loan" if held else "negative_balance",) if cash < 0 else ()
        flags = ("residual", *owed)
        holdings.append(cash_holding(account.external_id, account.currency or "", cash, flags))
    errors = tuple(row for row in found if isinstance(row, ProviderSyncError))
    return ProviderSyncResult((account,), tuple(holdings), (), errors, tuple(warnings))


def account_activities(
    account: Account, rows: list[Any], clean: Callable[[Any], str | None], at: datetime
) -> ProviderSyncResult:
    """The activities of all windows, each id once. at: when they were asked for."""
    found: dict[str, Activity] = {}
    warnings: list[SyncWarning] = []
    for row in map(sent.fields, rows):
        external_id = sent.text(row.get("id"))
        if external_id is None:
            warnings.append(SyncWarning("dropped_row", account.external_id))
            continue
        if external_id in found:
            continue
        posted, is_bad = moment(row.get("posted"), latest=at + _AHEAD)
        transacted, is_bad_too = moment(row.get("transacted_at"), latest=at + _AHEAD)
        when = transacted or posted
        found[external_id] = Activity(
            account.external_id,
            external_id,
            "other",
            when.date() if when else None,
            activity_at=when,
            settlement_date=posted.date() if posted and transacted else None,
            amount=sent.number(row.get("amount")),
            currency=account.currency,
            description=clean(row.get("description")),
            pending=row.get("pending") is True or sent.number(row.get("posted")) == 0,
            raw=row,
        )
        if is_bad or is_bad_too:
            warnings.append(SyncWarning("bad_timestamp", account.external_id))
    return ProviderSyncResult(activities=tuple(found.values()), warnings=tuple(warnings))


def moment(value: Any, *, latest: datetime) -> tuple[datetime | None, bool]:
    """A time from unix seconds, and whether it is absurd. Zero and null are unknown."""
    seconds = sent.number(value)
    if not seconds:
        return None, seconds is None and sent.text(value) is not None
    if not 0 < seconds <= Decimal(latest.timestamp()):
        return None, True
    return datetime.fromtimestamp(int(seconds), UTC), False


def _is_cash(row: Json, account: Account) -> bool:
    """Whether a row is the account's cash itself, which the remainder holds already."""
    symbol = (sent.text(row.get("symbol")) or "").upper()
    return symbol in _CASH or symbol == account.currency


def _remainder(account: Account, balance: Decimal, held: list[Json]) -> Decimal | None:
    """What the balance holds beyond the holdings; None where one's value is unknown or foreign."""
    for row in held:
        value = _value(row)
        if (
            value is None
            or (sent.text(row.get("currency")) or account.currency) != account.currency
        ):
            return None
        balance -= value
    return balance


def _value(row: Json) -> Decimal | None:
    """What a holding is worth; a short one is owed, whichever sign it was given."""
    value, shares = sent.number(row.get("market_value")), sent.number(row.get("shares"))
    return -abs(value) if value is not None and shares is not None and shares < 0 else value


def _holding(
    account: Account, row: Json, clean: Callable[[Any], str | None]
) -> Holding | SyncWarning | ProviderSyncError:
    shares, value, name = (
        sent.number(row.get("shares")),
        _value(row),
        clean(row.get("description")),
    )
    symbol, stable_id = sent.text(row.get("symbol")), sent.text(row.get("id")) or name
    is_odd = shares is None and sent.text(row.get("shares"))
    if is_odd or not (symbol or stable_id):
        text = f"the shares of {clean(symbol or stable_id)} are no number"
        return ProviderSyncError(
            "data",
            text if is_odd else "a holding names nothing",
            code="malformed_row",
            institution=account.institution,
            account_external_id=account.external_id,
        )
    if not shares and not value:
        reason = {"reason": "neither shares nor value"}
        return SyncWarning("dropped_row", account.external_id, symbol, reason)
    flags = ("short",) if shares and shares < 0 else ()
    if not shares:
        # One unit worth all of it, under an id of its own: the ticker's price is that of a share.
        shares, flags = Decimal(1), ("value_only",)
    if not symbol or "value_only" in flags:
        symbol = ids.synthetic("SF", stable_id or symbol or "")
    unit_cost, cost_basis, reading = _cost(row, shares, value)
    is_money_fund = ids.is_money_fund(symbol) or "money market" in (name or "").lower()
    return Holding(
        account.external_id,
        symbol,
        shares,
        name=name,
        price=None if value is None else ids.unit_price(value, shares),
        market_value=value,
        currency=sent.text(row.get("currency")) or account.currency,
        asset_type="money_market" if is_money_fund else "unknown",
        multiplier=Decimal(1),
        unit_cost=unit_cost,
        cost_basis=cost_basis,
        price_derived=value is not None,
        flags=(*flags, *reading),
        raw=row,
    )


def _cost(
    row: Json, shares: Decimal, value: Decimal | None
) -> tuple[Decimal | None, Decimal | None, tuple[str, ...]]:
    """Unit cost, cost basis, and a flag where the market value alone told how to read it.

    cost_basis is per share by the documents and the total by several brokers: the reading nearer,
    as a ratio, to the purchase price counts, else the one nearer to the market value. 0 is unknown.
    """
    given, paid = (sent.number(row.get(name)) for name in ("cost_basis", "purchase_price"))
    like = abs(paid) if paid else abs(value / shares) if value else None
    if not like:
        return None, None, ()
    if not given:
        return (abs(paid), abs(paid) * shares, ()) if paid else (None, None, ())
    given, count = abs(given), abs(shares)
    is_total = (given * given > like * like * count) == (count > 1)
    if not is_total:
        return given, given * shares, ()
    flags = () if paid or count == 1 else ("cost_basis_read_as_total",)
    return ids.unit_price(given, count), given.copy_sign(shares), flags
