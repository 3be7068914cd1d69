"""The invented market: what everything truly cost, and the true exchange rates, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from tenet.demo import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenet.demo.facts import Security

    Series = dict[date, Decimal]

STEPS_A_YEAR = {"weekdays": 261, "days": 365, "quarters": 4, "years": 1, "payments": 12}


def days(start: date, through: date) -> Iterator[date]:
    """Every day from the first through the last."""
    return (start + timedelta(days=count) for count in range((through - start).days + 1))


def order_day(start: date, month: int) -> date:
    """The second Tuesday of a month, counted from the month of `start`."""
    years, months = divmod(start.month - 1 + month, 12)
    eighth = date(start.year + years, months + 1, 8)
    return eighth + timedelta(days=(1 - eighth.weekday()) % 7)


def order_months(start: date, through: date) -> dict[date, int]:
    """The order days from the first month on, each with the number of its month."""
    last = (through.year - start.year) * 12 + through.month - start.month
    found = {order_day(start, month): month for month in range(1, last + 1)}
    return {day: month for day, month in found.items() if day <= through}


def split_date(start: date) -> date:
    """The day of the demo's one split."""
    return order_day(start, facts.SPLIT_MONTH) + timedelta(days=8)


def prices(start: date, through: date) -> dict[str, Series]:
    """What one unit of each security cost on each day as traded, in the currency it is quoted in.

    Days without trading have the price of the day before. Later days do not change earlier ones.
    """
    walks = {key: dict(_walk(of, start, through)) for key, of in facts.SECURITIES.items()}
    split_on = split_date(start)
    walks[facts.SPLIT] = {
        day: round(price / facts.SPLIT_RATIO, 2) if day >= split_on else price
        for day, price in walks[facts.SPLIT].items()
    }
    return walks | {facts.MORTGAGE: dict(_balances(start, through))}


def euro_rates(start: date, through: date) -> dict[str, Series]:
    """How many dollars and pounds a euro was worth on each day."""
    return {
        currency: dict(_random(currency, first, 0, swing, 4, _moves("weekdays", start, through)))
        for currency, first, swing in (
            ("USD", Decimal("1.1250"), 0.006),
            ("GBP", Decimal("0.8520"), 0.004),
        )
    }


def dollar_rates(start: date, through: date) -> dict[str, Series]:
    """How many dollars one unit of each currency was worth on each day, to ten places."""
    euro = euro_rates(start, through)
    return {
        "USD": dict.fromkeys(days(start, through), Decimal(1)),
        "EUR": euro["USD"],
        "GBP": {day: round(euro["USD"][day] / pounds, 10) for day, pounds in euro["GBP"].items()},
    }


def _walk(security: Security, start: date, through: date) -> Iterator[tuple[date, Decimal]]:
    moves = _moves(security.steps, start, through)
    growth = security.growth / STEPS_A_YEAR[security.steps]
    name, price, swing = security.security_id, security.price, security.swing
    return _random(name, price, growth, swing, security.places, moves)


def _random(
    name: str, first: Decimal, growth: float, swing: float, places: int, moves: dict[date, bool]
) -> Iterator[tuple[date, Decimal]]:
    """A series of its own random numbers, by plain arithmetic, so that it is the same anywhere."""
    chance, level = Random(f"{facts.SEED} {name}"), float(first)
    for day, has_moved in moves.items():
        if has_moved:
            level *= 1 + growth + swing * (2 * chance.random() - 1)
        yield day, round(Decimal(level), places)


def _moves(steps: str, start: date, through: date) -> dict[date, bool]:
    """For each day whether prices move on it; they do not on the first."""
    months = order_months(start, through)
    every = {"quarters": 3, "years": 12, "payments": 1}.get(steps)
    return {
        day: day > start
        and (day in months and months[day] % every == 0 if every else is_open(steps, day))
        for day in days(start, through)
    }


def is_open(steps: str, day: date) -> bool:
    """Whether a price moves on a day."""
    return steps == "days" or day.weekday() < 5


def _balances(start: date, through: date) -> Iterator[tuple[date, Decimal]]:
    mortgage = facts.SECURITIES[facts.MORTGAGE]
    balance = mortgage.price
    for day, is_payment in _moves(mortgage.steps, start, through).items():
        if is_payment:
            interest = round(balance * Decimal(str(mortgage.growth)) / 12, 2)
            balance -= facts.MORTGAGE_PAYMENT - interest
        yield day, balance
