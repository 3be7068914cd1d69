"""What the invented family truly owned on each day: the opening, orders, the split, the move."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tenet.demo import facts, market

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    Positions = dict[tuple[str, str], "Position"]
    """By account and security."""

MINOR_UNITS = {"GBp": ("GBP", Decimal("0.01"))}


@dataclass(frozen=True)
class Position:
    """Signed units held, and what was paid for them in the currency of their price."""

    units: Decimal
    cost: Decimal


class Family:
    """The family and its market from a first day through a last one; later days change nothing.

    prices: as traded, in the currency quoted. dollars: for one unit of each currency.
    """

    def __init__(self, start: date, through: date) -> None:
        self.start, self.through = start, through
        self.prices = market.prices(start, through)
        self.dollars = market.dollar_rates(start, through)
        self.order_months = market.order_months(start, through)

    def history(self) -> Iterator[tuple[date, Positions]]:
        """Each day with what is held at its end; nothing of zero units is among it."""
        held: Positions = {}
        for account_id, security_id, units in facts.OPENING:
            self._add(held, self.start, account_id, security_id, units)
        for day in market.days(self.start, self.through):
            if day == market.split_date(self.start):
                _split(held)
            if day in self.order_months:
                self._run_orders(held, day, self.order_months[day])
            yield day, dict(held)

    def price(self, security_id: str, day: date) -> tuple[Decimal, str]:
        """The price of one unit and its currency, which is never a minor one."""
        if security_id in facts.CASH:
            return Decimal(1), facts.CASH[security_id]
        quoted = facts.SECURITIES[security_id].currency
        currency, scale = MINOR_UNITS.get(quoted, (quoted, Decimal(1)))
        return self.prices[security_id][day] * scale, currency

    def value(self, security_id: str, units: Decimal, day: date, currency: str = "") -> Decimal:
        """What units were worth on a day, to the cent; by default in the currency of the price."""
        price, priced_in = self.price(security_id, day)
        rate = self.dollars[priced_in][day] / self.dollars[currency or priced_in][day]
        return round(units * price * multiplier(security_id) * rate, 2)

    def _run_orders(self, held: Positions, day: date, month: int) -> None:
        self._add(held, day, facts.BANK, facts.DOLLARS, -facts.MORTGAGE_PAYMENT)
        for order in facts.ORDERS:
            if month in order.months:
                self._order(held, day, order.account_id, order.security_id, order.units)
        if month == facts.LIQUIDATED_MONTH:
            for (account_id, security_id), position in list(held.items()):
                if account_id == facts.LIQUIDATED:
                    self._order(held, day, account_id, security_id, -position.units)

    def _order(
        self, held: Positions, day: date, account_id: str, security_id: str, units: Decimal
    ) -> None:
        """Run one order; what is not an account's own cash is paid with cash."""
        payer, cash = facts.PAID_WITH[account_id]
        if security_id not in facts.CASH or payer != account_id:
            price = self.value(security_id, units, day, facts.CASH[cash])
            self._add(held, day, payer, cash, -price)
        self._add(held, day, account_id, security_id, units)

    def _add(
        self, held: Positions, day: date, account_id: str, security_id: str, units: Decimal
    ) -> None:
        before = held.pop((account_id, security_id), Position(Decimal(0), Decimal(0)))
        if before.units * units < 0:  # sold at the average cost
            cost = round(before.cost * units / before.units, 2)
        else:
            cost = self.value(security_id, units, day)
        if before.units + units:
            after = Position(before.units + units, before.cost + cost)
            held[account_id, security_id] = after


def multiplier(security_id: str) -> int:
    """Units of the underlying in one unit."""
    return 1 if security_id in facts.CASH else facts.SECURITIES[security_id].multiplier


def _split(held: Positions) -> None:
    for key, position in held.items():
        if key[1] == facts.SPLIT:
            held[key] = Position(position.units * facts.SPLIT_RATIO, position.cost)
