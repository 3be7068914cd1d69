"""Amounts of many days in the money of one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import polars as pl


def in_money_of(
    day: date,
    amounts: pl.DataFrame,
    columns: Sequence[str],
    yearly: Mapping[int, float],
    *,
    otherwise: float,
) -> pl.DataFrame:
    """The frame with the named columns as floats in what money bought on `day`.

    amounts: rows with a valuation_date. yearly: inflation of calendar years as fractions, prices at
    a year's end over those at the end of the one before; otherwise: of years that are not in it.
    Within a year prices grow at an even rate.
    """
    import polars as pl

    days = [*amounts["valuation_date"], day]
    years = range(min(days).year, max(days).year + 1)
    levels = dict.fromkeys(years, 1.0)
    for year in years[1:]:
        levels[year] = levels[year - 1] * (1 + yearly.get(year - 1, otherwise))

    def level(on: date) -> float:
        length = on.replace(month=12, day=31).timetuple().tm_yday
        passed = on.timetuple().tm_yday / length
        return levels[on.year] * math.pow(1 + yearly.get(on.year, otherwise), passed)

    factors = pl.Series([level(day) / level(on) for on in amounts["valuation_date"]])
    return amounts.with_columns(
        (pl.col(name).cast(pl.Float64) * factors).alias(name) for name in columns
    )
