"""The lines of one SnapTrade account: positions, cash and activities as sent, read into results.

Two conventions are documented nowhere, and the account's reported total decides them: whether the
cash holds the cash equivalents again, and whether bonds are quoted in percent of par.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet import sent
from tenet.errors import ProviderSyncError
from tenet.providers import ids
from tenet.providers.reconcile import lines_total, mismatch
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

_ASSET_TYPES = {
    **dict.fromkeys(("stock", "adr", "cs", "ad", "ps"), "equity"),
    **dict.fromkeys(("etf", "et"), "etf"),
    **dict.fromkeys(("mutualfund", "oef", "cef"), "mutual_fund"),
    **dict.fromkeys(("bond", "bnd"), "bond"),
    **dict.fromkeys(("crypto", "cryptocurrency"), "crypto"),
    "option": "option",
    "future": "future",
}
_ACTIVITY_TYPES = {
    "BUY": "buy",
    "SELL": "sell",
    "DIVIDEND": "dividend",
    "SUBSTITUTE_DIVIDEND": "dividend",
    "REI": "reinvest",
    "STOCK_DIVIDEND": "stock_dividend",
    "INTEREST": "interest",
    "FEE": "fee",
    "TAX": "tax",
    "SPLIT": "split",
    "CONTRIBUTION": "contribution",
    "WITHDRAWAL": "withdrawal",
    "ADJUSTMENT": "adjustment",
    "EXTERNAL_ASSET_TRANSFER_IN": "transfer_in",
    "EXTERNAL_ASSET_TRANSFER_OUT": "transfer_out",
    **dict.fromkeys(
        ("TRANSFER", "OPTIONEXPIRATION", "OPTIONASSIGNMENT", "OPTIONEXERCISE"), "other"
    ),
}


def account_lines(
    account: Account, positions: list[Json], balances: list[Any], clean: Callable[[Any], str | None]
) -> ProviderSyncResult:
    """The account with its lines, faults and warnings. clean: makes provider text fit for people.

    A position without units is left out with a warning, one with unreadable units with an error.
    """
    found = [_position(account, row, clean) for row in positions]
    cash = [_cash(account, sent.fields(row)) for row in balances]
    holdings = _settled(
        account,
        [line for line in found if isinstance(line, Holding)],
        [line for line in cash if isinstance(line, Holding)],
    )
    currencies = {line.currency for line in holdings}
    if account.currency is None and len(currencies) == 1:
        account = replace(account, currency=currencies.pop())
    warnings = [row for row in (*found, *cash) if isinstance(row, SyncWarning)]
    warnings += [
        SyncWarning("missing_price", account.external_id, line.symbol)
        for line in holdings
        if line.price is None
    ]
    warnings += filter(None, [mismatch(account, holdings)])
    errors = tuple(row for row in found if isinstance(row, ProviderSyncError))
    return ProviderSyncResult((account,), tuple(holdings), (), errors, tuple(warnings))


def older_positions(body: Json) -> list[Json]:
    """The positions of the older /holdings in the shape of positions/all, `raw` as they were."""
    lines: list[Json] = []
    for row in map(sent.fields, sent.rows(body.get("positions"))):
        outer = sent.fields(row.get("symbol"))
        inner = sent.fields(outer.get("symbol"))
        about = {
            "kind": sent.fields(inner.get("type")).get("code"),
            "description": outer.get("description") or inner.get("description"),
        }
        changed = {
            "instrument": inner | about,
            "units": row.get("fractional_units") if row.get("units") is None else row.get("units"),
            "cost_basis": row.get("average_purchase_price"),
        }
        lines.append(row | changed | {"raw": row})
    for row in map(sent.fields, sent.rows(body.get("option_positions") or [])):
        outer = sent.fields(row.get("symbol"))
        inner = sent.fields(outer.get("option_symbol"))
        multiplier = 10 if inner.get("is_mini_option") is True else 100
        about = {
            "kind": "option",
            "symbol": inner.get("ticker"),
            "multiplier": multiplier,
            "description": outer.get("description"),
        }
        # Here, and only here, an option's cost is that of the whole contract.
        cost = sent.number(row.get("average_purchase_price"))
        changed = {"instrument": inner | about, "cost_basis": cost and cost / multiplier}
        lines.append(row | changed | {"raw": row})
    return lines


def activity(
    account: Account, row: Json, clean: Callable[[Any], str | None]
) -> tuple[Activity | None, SyncWarning | None]:
    """An activity, None without an id; and a warning where something of it is unknown."""
    external_id, given = sent.text(row.get("id")), (sent.text(row.get("type")) or "").upper()
    if external_id is None:
        return None, SyncWarning("dropped_row", account.external_id)
    units, amount, fee = (sent.number(row.get(name)) for name in ("units", "amount", "fee"))
    kind = _ACTIVITY_TYPES.get(given, "other")
    if given == "TRANSFER" and (direction := units or amount):
        kind = "transfer_in" if direction > 0 else "transfer_out"
    traded, settled = moment(row.get("trade_date")), moment(row.get("settlement_date"))
    security, option = sent.fields(row.get("symbol")), sent.fields(row.get("option_symbol"))
    found = Activity(
        account.external_id,
        external_id,
        kind,
        _day(traded) or _day(settled),
        activity_at=traded if isinstance(traded, datetime) and traded.time() != time() else None,
        settlement_date=_day(settled),
        symbol=sent.text(option.get("ticker"))
        or sent.text(security.get("symbol"))
        or sent.text(security.get("raw_symbol")),
        # Zero stands for "does not apply" here.
        quantity=-abs(units) if units and kind == "sell" else units or None,
        price=sent.number(row.get("price")) or None,
        amount=amount,
        fee=None if fee is None else abs(fee),
        currency=currency_code(row.get("currency")),
        description=clean(row.get("description")),
        raw=row,
    )
    if given in _ACTIVITY_TYPES:
        return found, None
    detail = {"raw": clean(row.get("type"))}
    return found, SyncWarning("unknown_activity_type", account.external_id, detail=detail)


def currency_code(value: Any) -> str | None:
    """A currency, written as its code or as an object that has one."""
    return sent.text(value.get("code") if isinstance(value, dict) else value)


def moment(value: Any) -> datetime | date | None:
    """A UTC time, or the bare day where only a day is given."""
    try:
        if len(text := sent.text(value) or "") == 10:
            return date.fromisoformat(text)
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _day(when: datetime | date | None) -> date | None:
    return when.date() if isinstance(when, datetime) else when


def _position(
    account: Account, row: Json, clean: Callable[[Any], str | None]
) -> Holding | SyncWarning | ProviderSyncError:
    instrument = sent.fields(row.get("instrument"))
    name = clean(instrument.get("description"))
    symbol = sent.text(instrument.get("symbol")) or sent.text(instrument.get("raw_symbol"))
    stable_id = sent.text(instrument.get("id")) or name
    units = sent.number(row.get("units"))
    if not symbol and stable_id:
        symbol = ids.synthetic("ST", stable_id)
    if not symbol or (units is None and sent.text(row.get("units"))):
        text = f"the units of {clean(symbol)} are no number" if symbol else "a line names nothing"
        return ProviderSyncError(
            "data",
            text,
            code="malformed_row",
            institution=account.institution,
            account_external_id=account.external_id,
        )
    if not units:
        reason = {"reason": "no units" if units is None else "zero units"}
        return SyncWarning("dropped_row", account.external_id, symbol, reason)
    is_equivalent = row.get("cash_equivalent") is True
    asset_type = _asset_type(instrument, symbol, is_equivalent)
    line = Holding(
        account.external_id,
        symbol,
        units,
        name=name,
        price=sent.number(row.get("price")),
        currency=_currency_of(row, instrument) or account.currency,
        asset_type=asset_type,
        unit_cost=sent.number(row.get("cost_basis")),
        flags=("short",) * (units < 0) + ("cash_equivalent",) * is_equivalent,
        raw=row.get("raw", row),
    )
    given = sent.number(instrument.get("multiplier"))
    usual = {"option": given or Decimal(100), "future": given or Decimal(1)}
    return _valued(line, usual.get(asset_type, Decimal(1)))


def _asset_type(instrument: Json, symbol: str, is_equivalent: bool) -> str:
    found = _ASSET_TYPES.get((sent.text(instrument.get("kind")) or "").lower(), "unknown")
    if found == "mutual_fund" and (is_equivalent or ids.is_money_fund(symbol)):
        return "money_market"
    return found


def _currency_of(row: Json, instrument: Json) -> str | None:
    underlying = sent.fields(instrument.get("underlying"))
    named = (currency_code(owner.get("currency")) for owner in (row, instrument, underlying))
    return next(filter(None, named), None)


def _valued(line: Holding, multiplier: Decimal) -> Holding:
    value = None if line.price is None else line.quantity * line.price * multiplier
    cost = None if line.unit_cost is None else line.quantity * line.unit_cost * multiplier
    if line.asset_type == "future":
        # Its gain is in the cash already: the notional is no part of the account.
        flags, extra = (*line.flags, "notional_excluded"), {"notional": value}
        line = replace(line, flags=flags, extra=extra)
        value, cost = Decimal(0), None
    return replace(line, multiplier=multiplier, market_value=value, cost_basis=cost)


def _cash(account: Account, row: Json) -> Holding | SyncWarning | None:
    amount, currency = sent.number(row.get("cash")), currency_code(row.get("currency"))
    if amount is None or currency is None:
        return SyncWarning("missing_cash", account.external_id, detail={"currency": currency})
    return _cash_line(account.external_id, currency, amount, row) if amount else None


def _cash_line(account_id: str, currency: str, amount: Decimal, raw: Any, *flags: str) -> Holding:
    owed = ("margin_loan",) if amount < 0 else ()
    return cash_holding(account_id, currency, amount, (*owed, *flags), raw)


def _settled(account: Account, lines: list[Holding], cash: list[Holding]) -> list[Holding]:
    """The lines under those of the two conventions that come nearest to the reported total.

    With nothing to go by, bonds are in percent of par and the cash is apart from its equivalents.
    """
    in_percent = [_in_percent(line) for line in lines]
    apart = _without_equivalents(cash, lines)
    readings = [in_percent + cash, lines + cash, in_percent + apart, lines + apart]
    reported = account.total_value
    distances = []
    for reading in readings:
        total = lines_total(account, reading)
        if reported is None or total is None:
            return readings[0]
        distances.append(abs(reported - total))
    return readings[distances.index(min(distances))]


def _in_percent(line: Holding) -> Holding:
    if line.asset_type != "bond":
        return line
    return replace(_valued(line, Decimal("0.01")), flags=(*line.flags, "percent_of_par"))


def _without_equivalents(cash: list[Holding], lines: list[Holding]) -> list[Holding]:
    held: dict[str | None, Decimal] = {}
    for line in lines:
        if "cash_equivalent" in line.flags and line.market_value is not None:
            held[line.currency] = held.get(line.currency, Decimal(0)) + line.market_value
    left = []
    for line in cash:
        amount = line.quantity - held.get(line.currency, Decimal(0))
        if line.currency not in held:
            left.append(line)
        elif amount and line.currency:
            flag = "cash_equivalents_subtracted"
            account_id = line.account_external_id
            left.append(_cash_line(account_id, line.currency, amount, line.raw, flag))
    return left
