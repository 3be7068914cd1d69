"""Rules 3 and 5 where brokers and sources are out of step with a split, restated for the oracle.

What the headers of `int_holding_units` and `int_split_errors` and docs/decisions.md say, literally:
one holding, one split and one series at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import log, prod
from typing import Any

Row = dict[str, Any]
Ratios = Mapping[date, Fraction]  # of one security
TRADES = {"buy", "sell", "reinvest", "transfer_in", "transfer_out"}


@dataclass(frozen=True)
class Close:
    """A close as sent, in major currency; unit_day: the day whose units its source means."""

    day: date
    amount: Fraction
    currency: str | None
    basis: str
    unit_day: date
    series: tuple[str, Any]  # its source and the moment of asking


def times_worked_in(closes: list[Close], ratios: Ratios) -> dict[tuple[Any, date], int]:
    """Series and splits that were worked into it not once, but never (0) or twice (2)."""
    found = {}
    adjusted = [close for close in closes if close.basis == "split_adjusted" and close.amount > 0]
    for split in (day for day in ratios if is_clear(ratios[day])):
        near = [
            close
            for close in adjusted
            if abs((close.day - split).days) <= 10 and close.unit_day >= split
        ]
        after = [close for close in near if close.day >= split]
        for series in {close.series for close in near}:
            of_series = [close for close in near if close.series == series and close.day < split]
            for currency in {close.currency for close in of_series}:
                mine = [close for close in of_series if close.currency == currency]
                others = [close for close in after if close.currency == currency]
                if not others:
                    continue
                last, first = max(mine, key=lambda c: c.day), min(others, key=lambda c: c.day)
                between = between_days(ratios, last.day, min(first.day, last.unit_day))
                if (first.day - last.day).days > 10 or not is_clear(between):
                    continue
                then = first.amount * between_days(ratios, split, first.unit_day)
                before = last.amount * between_days(ratios, split, last.unit_day)
                steps = log(then / before) / log(between)
                if 0.6 <= abs(steps) <= 1.4:
                    found[series, split] = 0 if steps < 0 else 2
    return found


def traded_factor(
    close: Close, ratios: Ratios, worked_in: Mapping[tuple[Any, date], int]
) -> Fraction:
    """What a close as sent is multiplied with to be as traded on its day."""
    if close.basis != "split_adjusted":
        return Fraction(1)
    return prod(
        (
            ratio ** worked_in.get((close.series, split), 1)
            for split, ratio in ratios.items()
            if close.day < split <= close.unit_day
        ),
        start=Fraction(1),
    )


@dataclass(frozen=True)
class Report:
    """What one snapshot says of one security. price: the provider's; close: the latest, its day."""

    day: date
    quantity: Decimal
    price: Decimal | None
    close: tuple[Decimal, date] | None


def unit_days(
    reports: list[Report], ratios: Ratios, activities: list[Row]
) -> dict[date, tuple[date, date]]:
    """The days whose units the count and the price of each report are in.

    reports: of one account and security, by day, without counts of zero. activities: of both.
    """
    late: dict[date, list[date]] = {}
    early: dict[date, list[date]] = {}
    old_price: dict[date, list[date]] = {}
    new_price: dict[date, list[date]] = {}
    for split, ratio in ratios.items():
        near = [report for report in reports if abs((report.day - split).days) <= 45]
        if ratio == 1 or not near:
            continue
        jumps = [
            following.day
            for report, following in pairwise(near)
            if following.day >= split - timedelta(days=3)
            and is_jump(report, following, ratio, activities)
        ]
        first_new = the_jump(near, jumps, split)
        old = [report.quantity for report in near if report.day < split][-1:]
        has_told: set[Decimal] = set()  # counts that stood beside a price of the old level
        for report in near:
            is_after = report.day >= split
            steps = level(report, split, ratio)
            if is_after and steps is not None and 0.8 <= steps <= 1.2:
                old_price.setdefault(report.day, []).append(split)
                has_told.add(report.quantity)
            if not is_after and steps is not None and -1.2 <= steps <= -0.8:
                new_price.setdefault(report.day, []).append(split)
            is_unmoved = report.quantity == (old or [report.quantity])[0]
            if first_new is None:
                is_late = is_after and is_unmoved and report.quantity in has_told
            else:
                is_late = is_after and report.day < first_new
            if is_late:
                late.setdefault(report.day, []).append(split)
            elif not is_after and first_new is not None and report.day >= first_new:
                early.setdefault(report.day, []).append(split)
    return {
        report.day: (
            day_of(report.day, late.get(report.day), early.get(report.day)),
            day_of(report.day, old_price.get(report.day), new_price.get(report.day)),
        )
        for report in reports
    }


def the_jump(near: list[Report], jumps: list[date], split: date) -> date | None:
    """Across the split's day, else the first after it, else the last shortly before it."""
    known = [report.day for report in near if report.day >= split]
    across = known[0] if known and any(report.day < split for report in near) else None
    if across in jumps:
        return across
    after = [day for day in jumps if day >= split]
    return min(after) if after else max(jumps, default=None)


def is_jump(report: Report, following: Report, ratio: Fraction, activities: list[Row]) -> bool:
    """Whether the count became what the split, and told trades, make of it; not trades alone."""
    count, found = Fraction(report.quantity), Fraction(following.quantity)
    told = [
        (row["activity_date"], Fraction(row["quantity"]))
        for row in activities
        if row["type"] in TRADES
        and row["quantity"] is not None
        and report.day <= row["activity_date"] <= following.day
    ]
    whole = sum((units for _, units in told), start=Fraction(0))
    later = sum((units for day, units in told if day > report.day), start=Fraction(0))
    split = count * ratio
    if told and (is_same(found, count + whole) or is_same(found, count + later)):
        return False
    paid_out = found.denominator == 1 and int(found) == int(split)
    options = (split, (count + later) * ratio, split + later)
    return paid_out or any(is_same(found, option) for option in options)


def level(report: Report, split: date, ratio: Fraction) -> float | None:
    """How many times the ratio the provider's price stands above a close of the same side."""
    if report.price is None or report.price <= 0 or report.close is None or report.close[0] <= 0:
        return None
    close, day = report.close
    is_near = -3 <= (report.day - split).days <= 20 and (report.day - day).days <= 5
    if not is_near or (report.day >= split) != (day >= split):
        return None
    return log(report.price / close) / log(ratio)


def day_of(own: date, behind: list[date] | None, ahead: list[date] | None) -> date:
    """The day before the first split that was missed, else the last one that came early."""
    if behind:
        return min(behind) - timedelta(days=1)
    return max(ahead) if ahead else own


def is_clear(ratio: Fraction) -> bool:
    """Whether it can be told from a day's move."""
    return ratio >= Fraction("1.3") or ratio <= Fraction("0.77")


def is_same(found: Fraction, expected: Fraction) -> bool:
    return abs(found - expected) <= abs(found) / 1_000_000


def between_days(ratios: Ratios, after: date, until: date) -> Fraction:
    return prod((ratios[day] for day in ratios if after < day <= until), start=Fraction(1))
