"""What a walk hands back: wealth, spending and the first failures of every path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from tenet.planning.draws import Draws
    from tenet.planning.plan import Floats, Plan


@dataclass
class Outcome:
    """Y years, N paths; money of the basis year."""

    wealth: Floats
    """(Y + 1, N): liquid balances at the start of each year, and at the end."""
    spending: Floats
    """(Y, N): what was spent in each year."""
    tax: Floats
    """(Y, N): tax on withdrawals in each year; empty (0, N) where there is none."""
    short_step: npt.NDArray[np.int32]
    """(N,): first step at which essential spending was not paid in full; T where always."""
    empty_step: npt.NDArray[np.int32]
    """(N,): first step at which something that was due was not paid in full; T where none."""
    price: Floats
    """(Y + 1,) or (Y + 1, N): price level at the start of each year, basis year 1."""

    @property
    def paths(self) -> int:
        """Number of paths."""
        return int(self.wealth.shape[1])


def empty_outcome(plan: Plan, draws: Draws, precision: type[np.floating] = np.float64) -> Outcome:
    """An outcome before its first step. Of S plans walked together, N is (S, N)."""
    start = plan.buckets.balance.sum(axis=0)
    paths = (*start.shape[:1], draws.paths)
    wealth = np.empty((plan.years + 1, *paths), precision)
    wealth[0] = start
    return Outcome(
        wealth=wealth,
        spending=np.empty((plan.years, *paths), precision),
        tax=np.zeros((0, *paths)),
        short_step=np.full(paths, plan.steps, np.int32),
        empty_step=np.full(paths, plan.steps, np.int32),
        price=yearly_price(plan, draws),
    )


def yearly_price(plan: Plan, draws: Draws) -> Floats:
    """The price level at the start of each year: (Y + 1,), or (Y + 1, N) where paths differ."""
    if plan.price is not None:
        return plan.price[:: plan.steps_per_year]
    assert draws.inflation is not None  # a plan without a price level has draws with inflation
    level = np.empty((plan.years + 1, draws.paths))
    level[0] = plan.price_start
    for year in range(plan.years):
        rows = slice(year * plan.steps_per_year, (year + 1) * plan.steps_per_year)
        np.multiply(level[year], (1.0 + draws.inflation[rows]).prod(axis=0), out=level[year + 1])
    return level
