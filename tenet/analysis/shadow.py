"""What the same money, paid in and out on the same days, would have become elsewhere."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl


def shadow(
    days: pl.DataFrame, prices: pl.DataFrame, weights: Mapping[str, float]
) -> tuple[pl.DataFrame, date | None]:
    """The days of a portfolio that had the same opening and flows and was invested in a mix.

    days: as tenet.analysis.performance takes them. prices: a column for each security of the mix,
    in the base currency, for one and the same unit on each of these valuation_dates. weights: of
    the mix, adding up to 1; each day begins with them (a mix is rebalanced every day).
    Returns the days with their value there, and the day on which a withdrawal was larger than what
    was left, else None; nothing is there then until money is paid in again.
    """
    import polars as pl

    both = days.sort("valuation_date").join(prices, on="valuation_date", how="left")
    growth = [1.0] + [
        sum(weight * later[name] / earlier[name] for name, weight in weights.items())
        for earlier, later in pairwise(both.select(list(weights)).to_dicts())
    ]
    values: list[float] = []
    flows: list[float] = []
    ran_out = None
    for day, value, flow, grown in zip(
        both["valuation_date"], both["value"], both["flow"], growth, strict=True
    ):
        before = values[-1] * grown if values else 0.0
        moved = float(flow) if values else float(value)
        if values and before >= 0 > round(before + moved, 6):
            ran_out, moved = ran_out or day, -before
        values.append(before + moved)
        flows.append(moved)
    return (
        both.select("valuation_date", "is_incomplete").with_columns(
            value=pl.Series(values, dtype=pl.Float64), flow=pl.Series(flows, dtype=pl.Float64)
        ),
        ran_out,
    )
