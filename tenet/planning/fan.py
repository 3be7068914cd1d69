"""Percentiles by year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tenet.planning.when import month_date

if TYPE_CHECKING:
    import polars as pl

    from tenet.planning.outcome import Outcome
    from tenet.planning.plan import Floats, Plan

PERCENTILES = (5, 10, 25, 50, 75, 90, 95)


def fan(plan: Plan, outcome: Outcome, basis: Literal["real", "nominal"] = "real") -> pl.DataFrame:
    """Percentiles over paths, year by year.

    A row per series and year: series, year, date, basis_year (null where nominal), p5_real to
    p95_real or p5_nominal to p95_nominal. Series: wealth (liquid) and net_worth at the start of the
    year, with one row more for the end; spending during the year. Nominal spending is taken at the
    price level of the year's start.
    """
    import polars as pl

    tables = {"wealth": outcome.wealth, "spending": outcome.spending}
    if plan.property_value.any() or plan.debt_nominal.any():
        tables["net_worth"] = net_worth(plan, outcome)
    frames = []
    for series, table in tables.items():
        values = table
        if basis == "nominal":
            values = table * _rows(outcome.price)[: len(table)]
        lines = percentiles(values)
        count = len(table)
        columns = {f"p{p}_{basis}": lines[:, n] for n, p in enumerate(PERCENTILES)}
        frames.append(
            pl.DataFrame(
                {
                    "series": [series] * count,
                    "year": [(plan.first_month + 12 * n) // 12 for n in range(count)],
                    "date": [month_date(plan.first_month + 12 * n) for n in range(count)],
                    "basis_year": [plan.basis_year if basis == "real" else None] * count,
                    **columns,
                },
                schema_overrides={"basis_year": pl.Int64},
            )
        )
    return pl.concat(frames)


def percentiles(table: Floats, wanted: tuple[int, ...] = PERCENTILES) -> Floats:
    """(rows, percentiles) of a table (rows, N), between two paths in a straight line."""
    found = np.empty((len(table), len(wanted)))
    places = np.array(wanted) / 100 * (table.shape[1] - 1)
    below = places.astype(np.int64)
    above = np.minimum(below + 1, table.shape[1] - 1)
    for row, values in enumerate(table):
        if values[0] == values[-1] and (values == values[0]).all():
            found[row] = values[0]
            continue
        ordered = np.sort(values)
        low, high = ordered[below], ordered[above]
        found[row] = low + (high - low) * (places - below)
    return found


def net_worth(plan: Plan, outcome: Outcome) -> Floats:
    """(Y + 1, N): liquid wealth and property less debt, at the start of each year, real."""
    every = slice(None, None, plan.steps_per_year)
    debt = plan.debt_nominal[every, None] / _rows(outcome.price)
    return np.asarray(outcome.wealth + plan.property_value[every, None] - debt)


def _rows(price: Floats) -> Floats:
    return price[:, None] if price.ndim == 1 else price
