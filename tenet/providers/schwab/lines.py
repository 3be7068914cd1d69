"""The lines of an account: its positions, and the cash that makes them add up to its total."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet import sent
from tenet.errors import ProviderSyncError
from tenet.providers import ids
from tenet.providers.reconcile import disagrees, lines_total
from tenet.providers.result import Account, Holding, SyncWarning, cash_holding
from tenet.providers.schwab.wire import Json, fault, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CENT = Decimal("0.01")
_CASH_FIELDS = ("cashBalance", "marginBalance", "shortBalance")
_INVESTED_FIELDS = (
    *("longMarketValue", "shortMarketValue", "longOptionMarketValue", "shortOptionMarketValue"),
    *("mutualFundValue", "bondValue"),
)
_BY_TYPE = {
    "EXCHANGE_TRADED_FUND": "etf",
    "CLOSED_END_FUND": "etf",
    "UNIT_INVESTMENT_TRUST": "mutual_fund",
    "MONEY_MARKET_FUND": "money_market",
    "SWEEP_VEHICLE": "cash",
    "SAVINGS": "cash",
}
_BY_ASSET_TYPE = {
    "EQUITY": "equity",
    "COLLECTIVE_INVESTMENT": "etf",
    "MUTUAL_FUND": "mutual_fund",
    "CASH_EQUIVALENT": "money_market",
    "FIXED_INCOME": "bond",
    "OPTION": "option",
    "FUTURE": "future",
    "CURRENCY": "cash",
    "INDEX": "other",
    "PRODUCT": "other",
}
_PAR = Decimal(100)


def positions(external_id: str, given: Any) -> tuple[list[Holding], list[ProviderSyncError]]:
    """An account's positions, and a fault for each that cannot be read.

    given: None where Schwab leaves the key out, which it does when there are none.
    """
    holdings: list[Holding] = []
    errors: list[ProviderSyncError] = []
    if not isinstance(given, list | None):
        raise fault("malformed", "the positions are no list", external_id)
    for row in given or []:
        try:
            holdings.append(_holding(external_id, sent.fields(row)))
        except ProviderSyncError as error:
            errors.append(error)
    return holdings, errors


def _holding(external_id: str, row: Json) -> Holding:
    instrument = sent.fields(row.get("instrument"))
    symbol = symbol_of(instrument)
    if symbol is None:
        raise fault("malformed_row", "a position without an instrument", external_id)
    names = ("longQuantity", "shortQuantity", "marketValue")
    longs, shorts, value = (_read(row, name, symbol, external_id) for name in names)
    if longs is None and shorts is None:
        raise fault("malformed_row", f"{symbol}: no quantity", external_id)
    quantity = (longs or Decimal(0)) - (shorts or Decimal(0))
    # An average price of 0 stands for a cost that Schwab does not know.
    cost = sent.number(row.get("averagePrice")) or None
    multiplier = _multiplier(instrument, quantity, value, cost)
    units = quantity * multiplier if multiplier else None
    priced = bool(units) and value is not None
    flags = ("short",) if quantity < 0 else ()
    if instrument.get("assetType") == "FIXED_INCOME" and multiplier not in (None, 1):
        flags = (*flags, "percent_of_par")
    return Holding(
        external_id,
        symbol,
        quantity,
        name=text(instrument.get("description")),
        price=ids.unit_price(value, units) if priced and value is not None and units else None,
        market_value=value,
        currency="USD",
        asset_type=_asset_type(instrument),
        multiplier=multiplier,
        unit_cost=cost,
        cost_basis=cost * units if cost is not None and units is not None else None,
        price_derived=priced,
        flags=flags,
        raw=row,
    )


def _read(row: Json, name: str, symbol: str, external_id: str) -> Decimal | None:
    found = sent.number(row.get(name))
    if found is None and row.get(name) is not None:
        raise fault("malformed_row", f"{symbol}: {name} is no number", external_id)
    return found


def symbol_of(instrument: Json) -> str | None:
    """The ticker, else an id from what is stable. A CUSIP of zeros is none."""
    if symbol := text(instrument.get("symbol")):
        return symbol
    given = [text(instrument.get(name)) for name in ("cusip", "instrumentId", "description")]
    stable = next((each for each in given if each and each.strip("0")), None)
    return ids.synthetic("SW", stable) if stable else None


def _asset_type(instrument: Json) -> str:
    general = _BY_ASSET_TYPE.get(str(instrument.get("assetType")), "unknown")
    return _BY_TYPE.get(str(instrument.get("type")), general)


def _multiplier(
    instrument: Json, quantity: Decimal, value: Decimal | None, cost: Decimal | None
) -> Decimal | None:
    """What one unit times its price is multiplied by; None where nothing tells.

    Schwab names no units for fixed income. Its value against quantity times average price tells:
    about 1 for a price per unit, 0.01 for face value at percent of par, 10 for units of 1,000.
    """
    if instrument.get("assetType") == "OPTION":
        return sent.number(instrument.get("optionMultiplier")) or Decimal(100)
    if instrument.get("assetType") != "FIXED_INCOME":
        return Decimal(1)
    if not value or not quantity:
        return None
    ratio = abs(value / quantity) / abs(cost or _PAR)
    return Decimal("0.01") if ratio < Decimal("0.1") else Decimal(10 if ratio > 3 else 1)


def reported_cash(balances: Json) -> Decimal | None:
    """Cash, less a margin loan, plus the proceeds of short sales; None where nothing tells."""
    given = [name for name in _CASH_FIELDS if balances.get(name) is not None]
    amounts = _numbers(balances, given)
    return sum(amounts, Decimal(0)) if given and len(amounts) == len(given) else None


def _numbers(balances: Json, names: Iterable[str]) -> list[Decimal]:
    found = [sent.number(balances.get(name)) for name in names]
    return [amount for amount in found if amount is not None]


def with_cash(
    account: Account, positions: list[Holding], balances: Json, *, is_whole: bool
) -> list[Holding]:
    """The account's lines, whose sum is its total.

    The cash is what the balances say, or what the positions leave of the total where the two
    disagree and no position is missing. A sweep position is that cash again, unless the total has
    room for both. is_whole: whether every position could be read.
    """
    sweeps = [holding for holding in positions if _is_sweep(holding)]
    others = [holding for holding in positions if not _is_sweep(holding)]
    cash, swept = reported_cash(balances), lines_total(account, sweeps)
    rest = _left_for_cash(account, others, swept, balances) if is_whole else None
    if sweeps and _has_room_for_both(cash or Decimal(0), swept, rest):
        return [*positions, *_cash_line(account, cash, (), balances)]
    flags = ("sweep_position_merged",) if sweeps else ()
    if rest is not None and (cash is None or abs(rest - cash) > _CENT):
        cash, flags = rest, (*flags, "residual")
    raw = balances | {"sweepPositions": [dict(sweep.raw) for sweep in sweeps]}
    return [*others, *_cash_line(account, cash, flags, raw)]


def _is_sweep(holding: Holding) -> bool:
    return bool(sent.fields(holding.raw.get("instrument")).get("type") == "SWEEP_VEHICLE")


def _left_for_cash(
    account: Account, others: list[Holding], swept: Decimal | None, balances: Json
) -> Decimal | None:
    """What the total leaves for cash; None where it is more than cash that is missing.

    Another sign, or the same money told twice, explains a difference up to twice the balances.
    """
    total, invested = account.total_value, lines_total(account, others)
    if total is None or invested is None:
        return None
    spoken_of = sum(_numbers(balances, _INVESTED_FIELDS), Decimal(0))
    if spoken_of > invested and disagrees(spoken_of, invested):
        return None
    difference = abs(total - invested - (reported_cash(balances) or 0))
    told = [*_numbers(balances, _CASH_FIELDS), swept or Decimal(0)]
    if difference > 2 * sum(map(abs, told)) and disagrees(total, total - difference):
        return None
    return total - invested


def _has_room_for_both(cash: Decimal, swept: Decimal | None, rest: Decimal | None) -> bool:
    if swept is None:
        return True
    if rest is None:
        return cash < swept
    return abs(rest - swept - cash) <= _CENT < abs(rest - cash)


def _cash_line(
    account: Account, cash: Decimal | None, flags: tuple[str, ...], raw: Json
) -> list[Holding]:
    if not cash:
        return []
    flags = (*flags, "margin_loan") if cash < 0 else flags
    return [cash_holding(account.external_id, "USD", cash, flags, raw)]


def warnings(account: Account, lines: list[Holding]) -> Iterator[SyncWarning]:
    """Lines without a value, and a sum of lines that is not the account's total."""
    for line in lines:
        if line.market_value is None and line.quantity:
            yield SyncWarning("missing_price", account.external_id, line.symbol)
    found = lines_total(account, lines)
    if account.total_value is not None and found is not None:
        difference = account.total_value - found
        if abs(difference) > _CENT:
            detail = {"difference": difference}
            yield SyncWarning("balance_mismatch", account.external_id, detail=detail)
