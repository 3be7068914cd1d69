"""Holdings from Wealthfolio's rows: positions at their newest quotes, cash, houses and debts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet import sent
from tenet.providers import ids
from tenet.providers.result import Holding
from tenet.providers.wealthfolio import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from tenet.providers.wealthfolio.positions import Position
    from tenet.providers.wealthfolio.rows import Row

ALTERNATIVE = {
    "PROPERTY": "real_asset",
    "VEHICLE": "real_asset",
    "COLLECTIBLE": "real_asset",
    "PRECIOUS_METAL": "real_asset",
    "PRIVATE_EQUITY": "other",
    "LIABILITY": "liability",
    "OTHER": "other",
}
"""The asset type of each kind of asset that hangs on no account."""

_TYPES = {
    "EQUITY": "equity",
    "OPTION": "option",
    "BOND": "bond",
    "CRYPTO": "crypto",
    "METAL": "real_asset",
}
_SOURCES = {"MANUAL": 0, "BROKER": 1}
# Yahoo's suffix of each exchange, so that one security has one symbol whichever source names it.
_EXCHANGES = """
    BVMF:SA MISX:ME NEOE:NE XAMS:AS XASX:AX XBKK:BK XBOM:BO XBRU:BR XBUD:BD XBUE:BA XCNQ:CN XCSE:CO
    XDUB:IR XETR:DE XFRA:F XHEL:HE XHKG:HK XICE:IC XIDX:JK XIST:IS XJSE:JO XKLS:KL XKOS:KQ XKRX:KS
    XLIS:LS XLON:L XMAD:MC XMEX:MX XMIL:MI XMUN:MU XNSE:NS XNZE:NZ XOSL:OL XPAR:PA XPRA:PR XSAU:SR
    XSES:SI XSGO:SN XSHE:SZ XSHG:SS XSTO:ST XSTU:SG XSWX:SW XTAE:TA XTAI:TW XTKS:T XTSE:TO XTSX:V
    XWAR:WA XWBO:VI
"""
_SUFFIXES = dict(pair.split(":") for pair in _EXCHANGES.split())


def newest_quotes(quotes: list[Row]) -> dict[str, Row]:
    """The quote of each asset on its newest day: MANUAL before BROKER before the rest by name."""

    def rank(row: Row) -> tuple[int, str]:
        source = str(row.get("source")).upper()
        return _SOURCES.get(source, 2), source

    found: dict[str, Row] = {}
    ranked = sorted(quotes, key=rank)
    for row in sorted(ranked, key=lambda row: str(row.get("day")), reverse=True):
        found.setdefault(str(row.get("asset_id")), row)
    return found


def holding(
    account_id: str, position: Position, asset: Row | None, quote: Row | None, *, as_of: date | None
) -> Holding:
    """A position at its newest quote; without one price and value are unknown.

    as_of: the account's own day; the quote's is told where it is another one.
    """
    about = asset or {}
    price, currency, divisor = _price(quote)
    cost_currency, cost_divisor = rows.major(position.currency or rows.text(about, "quote_ccy"))
    currency = currency or cost_currency
    units = position.multiplier or multiplier(about)
    cost_basis, unit_cost = position.cost_basis, position.unit_cost
    if cost_currency != currency:
        # A cost in another currency than the price is no cost of this line.
        cost_basis = unit_cost = None
    if unit_cost is None and cost_basis is not None and position.quantity:
        unit_cost = ids.unit_price(abs(cost_basis), abs(position.quantity * units))
    flags = ("short",) if position.quantity < 0 else ()
    return Holding(
        account_external_id=account_id,
        symbol=symbol(position.asset_id, asset),
        name=rows.text(about, "name"),
        quantity=position.quantity,
        price=price,
        market_value=None if price is None else position.quantity * price * units,
        currency=currency,
        asset_type=_TYPES.get(str(about.get("instrument_type")).upper(), "unknown"),
        multiplier=units,
        unit_cost=rows.divided(unit_cost, cost_divisor),
        cost_basis=rows.divided(
            cost_basis and cost_basis.copy_sign(position.quantity), cost_divisor
        ),
        flags=flags if divisor == 1 else (*flags, "minor_units"),
        extra=_told(about, quote, as_of),
        raw={"position": position.raw, "asset": asset, "quote": quote},
    )


def cash(account_id: str, snapshot: Row) -> Iterator[Holding]:
    """A line for each currency of which there is cash; money owed is a margin loan."""
    balances = rows.entries(snapshot, "cash_balances")
    for written in balances:
        currency, divisor = rows.major(sent.text(written))
        amount = rows.known(balances, written) / divisor
        if not currency:
            raise rows.malformed("cash_balances")
        if amount:
            yield cash_line(account_id, currency, amount, raw={"cash_balances": {written: amount}})


def cash_line(
    account_id: str, currency: str, amount: Decimal, *, raw: Row, flags: Iterable[str] = ()
) -> Holding:
    """An amount of a currency, at one each."""
    return Holding(
        account_external_id=account_id,
        symbol=ids.cash(currency),
        name=f"Cash ({currency})",
        quantity=amount,
        price=Decimal(1),
        market_value=amount,
        currency=currency,
        asset_type="cash",
        multiplier=Decimal(1),
        flags=(*flags, "margin_loan") if amount < 0 else tuple(flags),
        raw=raw,
    )


def alternative(account_id: str, asset: Row, quote: Row | None) -> Holding:
    """A house, a car or a debt: one unit at its newest quote; a liability is negative."""
    kind = str(asset.get("kind")).upper()
    price, currency, divisor = _price(quote)
    paid = rows.divided(rows.number(rows.entries(asset, "metadata"), "purchase_price"), divisor)
    if price is not None and kind == "LIABILITY":
        price = -abs(price)
    return Holding(
        account_external_id=account_id,
        symbol=ids.synthetic("WF", str(asset.get("id"))),
        name=rows.text(asset, "name"),
        quantity=Decimal(1),
        price=price,
        market_value=price,
        currency=currency or rows.major(rows.text(asset, "quote_ccy"))[0],
        asset_type=ALTERNATIVE[kind],
        multiplier=Decimal(1),
        unit_cost=paid,
        cost_basis=paid,
        flags=() if divisor == 1 else ("minor_units",),
        extra={"price_date": rows.day(quote, "day").isoformat()} if quote else {},
        raw={"asset": asset, "quote": quote},
    )


def symbol(asset_id: str, asset: Row | None) -> str:
    """The ticker with its exchange's suffix; a synthetic symbol where there is none."""
    ticker = rows.text(asset or {}, "instrument_symbol")
    if not ticker:
        return ids.synthetic("WF", asset_id)
    suffix = _SUFFIXES.get(str((asset or {}).get("instrument_exchange_mic")).upper())
    if suffix is None or ticker.upper().endswith(f".{suffix}"):
        return ticker
    return f"{ticker}.{suffix}"


def multiplier(asset: Row) -> Decimal:
    """Units of what is quoted in one unit held: an option's contract size, else 1."""
    if str(asset.get("instrument_type")).upper() != "OPTION":
        return Decimal(1)
    option = rows.entries(asset, "metadata").get("option")
    given = rows.number(option, "multiplier") if isinstance(option, dict) else None
    return given or Decimal(100)


def _price(quote: Row | None) -> tuple[Decimal | None, str | None, Decimal]:
    """Price and currency of a quote in the major unit, and how many of the quoted make one."""
    if quote is None:
        return None, None, Decimal(1)
    currency, divisor = rows.major(rows.text(quote, "currency"))
    return rows.known(quote, "close") / divisor, currency, divisor


def _told(asset: Row, quote: Row | None, as_of: date | None) -> dict[str, Any]:
    mic = rows.text(asset, "instrument_exchange_mic")
    told = {"instrument_mic": mic} if mic else {}
    if quote and (price_date := rows.day(quote, "day")) != as_of:
        told["price_date"] = price_date.isoformat()
    return told
