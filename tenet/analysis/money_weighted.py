"""The rate at which dated cash flows are worth nothing together: XIRR, or why there is none."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from tenet.errors import SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl

YEAR = 365
"""Days of a year: actual/365, as spreadsheets have it."""

ONE_SIGN = "every flow has one sign"
NO_TIME = "all flows are on one day"
NO_RATE = "no rate makes these flows add up to nothing"

# Exponents of the growth over the whole span: 0, then outwards in steps of a quarter.
_REACH = [1e-4 * 1.25**step for step in range(82)]


def xirr(flows: pl.DataFrame) -> float | None:
    """Annual money-weighted return of dated cash flows.

    flows: one row per flow; flow_date, amount (paid in negative, taken out positive).
    Returns a fraction per year (0.07 is 7 %), -1.0 for a total loss (paid in, and a last amount of
    zero), None when every flow has one sign or there is no such rate.
    Flows on one date add up; order is irrelevant. Day count is actual/365. Of several rates the one
    nearest to zero; one too large for a float is the largest that fits.
    Raises SchemaMismatch when a column is missing or of another dtype.
    Source: docs/glossary.md, money-weighted return.
    """
    rate, _ = rate_of(flows)
    return rate


def rate_of(flows: pl.DataFrame) -> tuple[float | None, str]:
    """As xirr, and why there is no rate: ONE_SIGN, NO_TIME or NO_RATE; empty where there is one."""
    growth, days, problem = _growth(flows)
    return (None if growth is None else math.expm1(min(growth * YEAR / days, 700)), problem)


def growth_of(flows: pl.DataFrame) -> tuple[float | None, str]:
    """The same return over the whole span from the first flow to the last, not a year."""
    growth, _, problem = _growth(flows)
    return (None if growth is None else math.expm1(min(growth, 700)), problem)


def _growth(flows: pl.DataFrame) -> tuple[float | None, int, str]:
    """The logarithm of the growth over the span, and the days of the span."""
    amounts = _by_day(flows)
    if not (flows["amount"] < 0).any():
        return None, 0, ONE_SIGN
    first, last = min(amounts), max(amounts)
    days = (last - first).days
    if not (flows["amount"] > 0).any():
        is_lost = days > 0 and amounts[last] == 0
        return (-math.inf, days, "") if is_lost else (None, days, ONE_SIGN)
    if not days:
        return None, 0, NO_TIME
    if min(amounts.values()) >= 0 or max(amounts.values()) <= 0:
        return None, days, ONE_SIGN
    shares = {(day - first).days / days: amount for day, amount in amounts.items()}
    found = _nearest_root(shares)
    return found, days, "" if found is not None else NO_RATE


def _by_day(flows: pl.DataFrame) -> dict[date, float]:
    import polars as pl

    for column, kinds in (("flow_date", (pl.Date,)), ("amount", (pl.Decimal, pl.Float64))):
        if column not in flows.columns:
            raise SchemaMismatch("flows", column, "there is no such column")
        if flows.schema[column].base_type() not in kinds:
            raise SchemaMismatch("flows", column, f"is {flows.schema[column]}")
        if flows[column].has_nulls():
            raise SchemaMismatch("flows", column, "holds a null")
    # Decimals add up exactly; floats in the order of size, whatever the order of rows.
    summed = flows.sort("flow_date", "amount").group_by("flow_date").agg(pl.col("amount").sum())
    return dict(summed.select("flow_date", pl.col("amount").cast(pl.Float64)).rows())


def _nearest_root(amounts: Mapping[float, float]) -> float | None:
    """The exponent z nearest to zero at which the sum of amount x exp(-z x share) is zero."""
    grid = [0.0, *_REACH]
    for inner, outer in pairwise(grid):
        found = [
            _bisect(amounts, low, high)
            for low, high in ((inner, outer), (-outer, -inner))
            if _sign(amounts, low) * _sign(amounts, high) <= 0
        ]
        if found:
            return min(found, key=abs)
    return None


def _bisect(amounts: Mapping[float, float], low: float, high: float) -> float:
    """Halve a bracket until no number lies between its ends."""
    below, above = _sign(amounts, low), _sign(amounts, high)
    if not below or not above:
        return low if not below else high
    while low < (middle := (low + high) / 2) < high:
        sign = _sign(amounts, middle)
        if not sign:
            return middle
        low, high = (middle, high) if sign == below else (low, middle)
    return low


def _sign(amounts: Mapping[float, float], exponent: float) -> int:
    """Whether the flows are worth more than nothing at a growth; never an overflow."""
    largest = max(-exponent * share for share in amounts)
    worth = math.fsum(
        amount * math.exp(-exponent * share - largest) for share, amount in amounts.items()
    )
    return (worth > 0) - (worth < 0)
