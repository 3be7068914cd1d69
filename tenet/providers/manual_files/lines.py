"""What a row of a statement says: a holding, or something that happened; or all that is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from tenet.providers import ids
from tenet.providers.manual_files.numbers import number
from tenet.providers.manual_files.reading import Row, refused
from tenet.providers.result import Activity, Holding, cash_holding

if TYPE_CHECKING:
    from collections.abc import Iterable

ASSET_TYPES = (
    *("cash", "equity", "etf", "mutual_fund", "money_market", "bond", "option", "crypto"),
    *("future", "real_asset", "liability", "other", "unknown"),
)
ACTIVITY_TYPES = (
    *("buy", "sell", "dividend", "reinvest", "stock_dividend", "interest", "fee", "tax", "split"),
    *("contribution", "deposit", "withdrawal", "distribution", "transfer_in", "transfer_out"),
    *("adjustment", "cancel", "other"),
)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PERCENT_OF_PAR = Decimal("0.01")


@dataclass
class _Cells:
    """The cells of a row as what they mean, and what is wrong with them so far."""

    row: Row
    problems: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        return self.row.cells.get(name, "")

    def number(self, name: str) -> Decimal | None:
        written = self.text(name)
        found = number(written, is_comma_decimal=self.row.is_comma_decimal) if written else None
        if written and found is None:
            self.problems.append(f"{name} {written!r} is no number")
        return found

    def day(self, name: str, *, is_needed: bool = True) -> date | None:
        written = self.text(name)
        if not written and not is_needed:
            return None
        try:
            if _ISO_DAY.fullmatch(written):
                return date.fromisoformat(written)
        except ValueError:
            pass
        self.problems.append(f"{name} {written!r} is no day such as 2026-09-30")
        return None

    def word(self, name: str, words: Iterable[str], unless_given: str) -> str:
        written = self.text(name).lower()
        if written and written not in words:
            self.problems.append(f"{name} {written!r} is none of {', '.join(words)}")
        return written or unless_given

    def currency(self) -> str:
        # GBp are pence and GBP pounds: a mix of letters is not for guessing.
        written = self.text("currency")
        if not re.fullmatch("[A-Z]{3}|[a-z]{3}", written):
            self.problems.append(f"currency {written!r} is no code such as USD")
        return written.upper()

    def check(self) -> None:
        if self.row.problem:
            self.problems.insert(0, self.row.problem)
        if not self.row.account:
            self.problems.append("no account")
        if self.problems:
            problem = f"{self.row.place}: {'; '.join(self.problems)}"
            raise refused("malformed_row", problem, self.row.account or None)


def line_of(row: Row) -> tuple[date, Holding]:
    """A holding and its day. Raises ProviderSyncError with everything that is wrong with the row.

    A debt is negative whichever sign is written; what has a value only is one unit of it.
    """
    cells = _Cells(row)
    as_of, currency = cells.day("as_of"), cells.currency()
    symbol, description = cells.text("symbol"), cells.text("description")
    if symbol.upper() in ("CASH", currency, ids.cash(currency)):
        holding = _cash(cells, currency)
    else:
        if not symbol and not description:
            cells.problems.append("neither a symbol nor a description")
        holding = _holding(cells, currency, symbol, description)
    cells.check()
    if as_of is None or holding is None:
        raise AssertionError("a row without problems is a holding of a day")
    return as_of, holding


def _cash(cells: _Cells, currency: str) -> Holding | None:
    quantity, value = cells.number("quantity"), cells.number("value")
    if quantity is not None and value is not None and quantity != value:
        cells.problems.append("quantity and value of cash differ")
    amount = quantity if value is None else value
    if amount is None:
        cells.problems.append("neither a quantity nor a value")
        return None
    return cash_holding(cells.row.account, currency, amount, raw=dict(cells.row.cells))


def _holding(cells: _Cells, currency: str, symbol: str, description: str) -> Holding | None:
    asset_type = cells.word("asset_type", ASSET_TYPES, "unknown" if symbol else "other")
    names = ("quantity", "price", "value", "cost_basis", "multiplier")
    quantity, price, value, cost, multiplier = map(cells.number, names)
    is_value_only = quantity is None and not symbol and value is not None
    if is_value_only:
        if price not in (None, value):
            cells.problems.append("price and value of one unit differ")
        quantity, price = Decimal(1), value
    if quantity is None:
        cells.problems.append("no quantity" if symbol else "neither a quantity nor a value")
        return None
    if asset_type == "liability":
        quantity = abs(quantity)
        price, value, cost = (part and -abs(part) for part in (price, value, cost))
    elif (price is not None and price < 0 and not is_value_only) or (value or 0) * quantity < 0:
        cells.problems.append("signs that do not fit: a short has a negative quantity and value")
    if multiplier is None:
        multiplier = _multiplier(asset_type, quantity, price, value)
    units = quantity * multiplier
    if value is None and price is not None:
        value = units * price
    is_derived = price is None and value is not None and bool(units)
    if is_derived and value is not None:
        price = ids.unit_price(value, units)
    if cost is not None and (value or quantity) < 0:
        cost = -abs(cost)
    flags = [("value_only", is_value_only), ("short", quantity < 0)]
    flags.append(("percent_of_par", multiplier == _PERCENT_OF_PAR))
    return Holding(
        cells.row.account,
        symbol or ids.synthetic("MAN", f"{description}:{cells.row.account}", 12),
        quantity,
        name=description or None,
        price=price,
        market_value=value,
        currency=currency,
        asset_type=asset_type,
        multiplier=multiplier,
        unit_cost=ids.unit_price(cost, units) if cost is not None and units else None,
        cost_basis=cost,
        price_derived=is_derived,
        flags=tuple(flag for flag, is_so in flags if is_so),
        raw=dict(cells.row.cells),
    )


def _multiplier(
    asset_type: str, quantity: Decimal, price: Decimal | None, value: Decimal | None
) -> Decimal:
    """100 for options. A bond is in percent of par where only that gives the value written."""
    if asset_type == "option":
        return Decimal(100)
    if asset_type == "bond" and price and value and quantity:
        ratio = value / (quantity * price)
        return _PERCENT_OF_PAR if ratio < Decimal("0.1") else Decimal(1)
    return Decimal(1)


def activity_of(row: Row) -> Activity:
    """Something that happened, with an id made of what is written.

    Raises ProviderSyncError with everything that is wrong with the row.
    """
    cells = _Cells(row)
    day, settled = cells.day("date"), cells.day("settlement_date", is_needed=False)
    type_ = cells.word("type", ACTIVITY_TYPES, "other")
    currency, description = cells.currency(), cells.text("description")
    quantity, price, amount, fee = map(cells.number, ("quantity", "price", "amount", "fee"))
    cells.check()
    written = "" if amount is None else format(amount.normalize(), "f")
    content = f"{row.account}|{day}|{type_}|{description}|{written}"
    return Activity(
        row.account,
        ids.synthetic("MAN", content, 12),
        type_,
        day,
        settlement_date=settled,
        symbol=cells.text("symbol") or None,
        quantity=quantity,
        price=price,
        amount=amount,
        fee=fee,
        currency=currency,
        description=description or None,
        raw=dict(row.cells),
    )
