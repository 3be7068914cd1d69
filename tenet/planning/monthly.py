"""A plan step by step: percentiles of all paths, and the one future without chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tenet.planning.buckets_walk import BucketsWalk
from tenet.planning.draws import expected
from tenet.planning.fan import PERCENTILES, percentiles
from tenet.planning.when import month_date

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

    from tenet.planning.draws import Draws
    from tenet.planning.plan import Floats, Plan
    from tenet.planning.simulation import Simulation

MOST_PATHS = 10_000
"""Paths that the percentiles of steps are made of: the first ones, which are as random as all."""


def monthly_fan(simulation: Simulation) -> pl.DataFrame:
    """Percentiles at the start of every step and at the end, money of the basis year.

    A row per series and step: series (wealth: liquid; net_worth: with property and debt), date,
    p5_real to p95_real, basis_year. Of the first 10,000 paths at most.
    """
    import polars as pl

    plan = simulation.plan
    walk = _Steps(plan, simulation.draws.columns(slice(MOST_PATHS)))
    walk.run()
    frames = []
    for series, table in (("wealth", walk.wealth()), ("net_worth", walk.net_worth())):
        lines = percentiles(table)
        columns = {f"p{p}_real": lines[:, n] for n, p in enumerate(PERCENTILES)}
        dates = _dates(plan)
        frames.append(
            pl.DataFrame({"series": [series] * len(dates), "date": dates, **columns}).with_columns(
                pl.lit(plan.basis_year, pl.Int64).alias("basis_year")
            )
        )
    return pl.concat(frames)


def monthly_expected(simulation: Simulation, returns: pl.DataFrame | None = None) -> pl.DataFrame:
    """The future in which every asset grows at its median, at the start of every step and the end.

    date, price_level (basis year 1), net_worth_nominal, and what led there from the plan's start:
    saved_nominal (sum of the steps in which more was paid in than taken out), drawn_nominal (of the
    others, negative) and market_nominal (growth, of property too).
    net_worth = that of the start + saved + drawn + market. Debt that is paid off is saved.
    """
    import polars as pl

    plan = simulation.plan
    walk = _Steps(plan, expected(simulation.scenario, plan, returns))
    walk.run()
    price = walk.prices()[:, 0]
    worth = walk.net_worth()[:, 0] * price
    debt = plan.debt_nominal
    paid_at = price[1:] if plan.pays_at_end else price[:-1]
    flow = walk.flows()[:, 0] * paid_at - np.diff(debt)
    market = np.diff(worth) - flow
    return pl.DataFrame(
        {
            "date": _dates(plan),
            "price_level": price,
            "net_worth_nominal": worth,
            "saved_nominal": _summed(np.maximum(flow, 0)),
            "drawn_nominal": _summed(np.minimum(flow, 0)),
            "market_nominal": _summed(market),
        }
    )


class _Steps(BucketsWalk):
    """A walk that keeps, of every step, the price level and wealth before and after its growth."""

    def __init__(self, plan: Plan, draws: Draws) -> None:
        super().__init__(plan, draws)
        self.levels: list[Any] = []
        self.before: list[Floats] = []
        self.after: list[Floats] = []

    def _grow(self, step: int) -> None:
        self.levels.append(self.price)
        self.before.append(np.sum(self.balances, axis=0))
        super()._grow(step)
        self.after.append(np.sum(self.balances, axis=0))

    def wealth(self) -> Floats:
        """(T + 1, N): liquid, real."""
        if self.plan.pays_at_end:
            return np.vstack([*self.before, np.sum(self.balances, axis=0)])
        first = np.full(self.draws.paths, self.plan.buckets.balance.sum())
        return np.vstack([first, *self.after])

    def flows(self) -> Floats:
        """(T, N): paid in less taken out, real."""
        wealth = self.wealth()
        if self.plan.pays_at_end:
            return np.asarray(wealth[1:] - np.stack(self.after))
        return np.asarray(np.stack(self.before) - wealth[:-1])

    def prices(self) -> Floats:
        """(T + 1, N or 1): price level."""
        levels = [np.atleast_1d(np.asarray(one, np.float64)) for one in (*self.levels, self.price)]
        width = max(len(one) for one in levels)
        return np.vstack([np.broadcast_to(one, (width,)) for one in levels])

    def net_worth(self) -> Floats:
        """(T + 1, N): with property, less debt, real."""
        plan = self.plan
        debt: Any = plan.debt_nominal[:, None] / self.prices()
        return np.asarray(self.wealth() + plan.property_value[:, None] - debt)


def _dates(plan: Plan) -> list[dt.date]:
    months = 12 // plan.steps_per_year
    return [month_date(plan.first_month + months * step) for step in range(plan.steps + 1)]


def _summed(flow: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(flow)])
