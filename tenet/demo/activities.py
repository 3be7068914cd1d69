"""What the providers told of the orders: trades, dividends, interest, fees, and what was paid in.

It adds up to the cash of the snapshots to the cent: what income and fees do not explain of a
standing order's cash was paid in or out by the family.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet.demo import facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tenet.demo.family import Family, Positions

    Row = dict[str, Any]

    Cash = tuple[str, str]
    """An account and what of its cash."""


def activity_rows(family: Family) -> list[Row]:
    """`activities`."""
    found: list[Row] = []
    held: Positions = {}
    for day, now in family.history():
        if month := family.order_months.get(day):
            rows = [*_trades(family, held, day, month), *_extras(held, month)]
            rows += _paid_in(held, now, rows)
            found += [
                {"external_id": f"{day}-{number}", "activity_date": day} | row
                for number, row in enumerate(rows, start=1)
            ]
        held = now
    return found


def _trades(family: Family, held: Positions, day: date, month: int) -> Iterator[Row]:
    for account_id, security_id, units in _orders(held, month):
        _, cash = facts.PAID_WITH[account_id]
        paid = family.value(security_id, units, day, facts.CASH[cash])
        fee = facts.SALE_FEE if units < 0 and account_id == facts.US else Decimal(0)
        yield {
            "account_id": account_id,
            "type": "buy" if units > 0 else "sell",
            "security_id": security_id,
            "symbol": None if security_id.startswith("_") else security_id,
            "quantity": units,
            "amount": -paid,
            "fee": fee,
            "currency": facts.CASH[cash],
            "description": facts.SECURITIES[security_id].name,
        }


def _orders(held: Positions, month: int) -> Iterator[tuple[str, str, Decimal]]:
    """The account, security and units of each trade of a month."""
    for order in facts.ORDERS:
        if month in order.months and order.security_id not in facts.CASH:
            yield order.account_id, order.security_id, order.units
    if month == facts.LIQUIDATED_MONTH:
        for (account_id, security_id), position in held.items():
            if account_id == facts.LIQUIDATED and security_id not in facts.CASH:
                yield account_id, security_id, -position.units


def _extras(held: Positions, month: int) -> Iterator[Row]:
    """Dividends and interest on what was held before the orders, and fees."""
    for account_id, security_id, months, rate in facts.PAYMENTS:
        if month in months and (account_id, security_id) in held:
            is_cash = security_id in facts.CASH
            cash = security_id if is_cash else facts.PAID_WITH[account_id][1]
            yield {
                "account_id": account_id,
                "type": "interest" if is_cash else "dividend",
                "security_id": None if is_cash else security_id,
                "symbol": None if is_cash else security_id,
                "amount": round(held[account_id, security_id].units * rate, 2),
                "currency": facts.CASH[cash],
                "description": "Interest" if is_cash else facts.SECURITIES[security_id].name,
            }
    for account_id, cash, months, amount in facts.FEES:
        if month in months:
            yield {
                "account_id": account_id,
                "type": "fee",
                "amount": -amount,
                "currency": facts.CASH[cash],
                "description": "Custody fee",
            }


def _paid_in(before: Positions, after: Positions, rows: list[Row]) -> Iterator[Row]:
    """What the other rows do not explain of each account's cash, by currency."""
    left: dict[Cash, Decimal] = {}
    for positions, sign in ((after, 1), (before, -1)):
        for (account_id, security_id), position in positions.items():
            if currency := facts.CASH.get(security_id):
                key = (account_id, currency)
                left[key] = left.get(key, Decimal(0)) + sign * position.units
    for row in rows:
        key = (row["account_id"], row["currency"])
        left[key] = left.get(key, Decimal(0)) - row["amount"]
    for (account_id, currency), amount in left.items():
        if amount:
            yield {
                "account_id": account_id,
                "type": "deposit" if amount > 0 else "withdrawal",
                "amount": amount,
                "currency": currency,
                "description": "Paid in" if amount > 0 else "Paid out",
            }
