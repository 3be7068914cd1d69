"""What would have to be so: bisection on the same draws.

With fixed real spending success never rises with spending, path by path; rules that adapt may break
that, so both ends are looked at first and an answer is always one that was simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.changes import retiring, with_spending, with_wealth
from tenet.planning.formulas import require
from tenet.planning.simulation import Simulation, simulate

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from typing import Any

    import polars as pl

    from tenet.planning.draws import Draws
    from tenet.planning.scenario import Scenario
    from tenet.planning.statistics import Chance


@dataclass(frozen=True)
class Retirement:
    """The earliest month of retirement; date and success are None when there is no answer."""

    date: dt.date | None
    success: Chance | None
    reason: str
    """Why there is no answer, or what the answer is bounded by; else empty."""


@dataclass(frozen=True)
class Amount:
    """A factor on what the scenario says, and the money it comes to; None without an answer."""

    factor: float | None
    amount_real: float | None
    """Spending: median of the first retired year. Wealth: liquid balances today."""
    success: Chance | None
    reason: str


def earliest_retirement(
    scenario: Scenario, confidence: float = 0.9, returns: pl.DataFrame | None = None, **how: Any
) -> Retirement:
    """The first month in which one can retire and still succeed with the wanted probability.

    how: paths, seed, threads and kept, as of simulate. Months from the plan's first to its last but
    one year are looked at. Raises as simulate does.
    """
    _check(confidence)
    tried = _Tried(scenario, returns, how)
    last = scenario.calendar.years * 12 - 12
    latest = tried.at(retiring(scenario, last))
    if latest.probability < confidence:
        return Retirement(
            None,
            latest,
            f"even a retirement in the last year succeeds with {latest.probability:.1%}",
        )
    first = tried.at(retiring(scenario, 0))
    if first.probability >= confidence:
        return Retirement(
            scenario.calendar.date(0), first, "the plan's first month is early enough"
        )
    low, high, found = 0, last, latest
    while high - low > 1:
        middle = (low + high) // 2
        success = tried.at(retiring(scenario, middle))
        if success.probability >= confidence:
            high, found = middle, success
        else:
            low = middle
    return Retirement(scenario.calendar.date(high), found, "")


def sustainable_spending(
    scenario: Scenario, confidence: float = 0.9, returns: pl.DataFrame | None = None, **how: Any
) -> Amount:
    """The highest spending that succeeds with the wanted probability.

    All spending streams, and the rate of a rule that sets it once, are multiplied by one factor,
    found to a part in ten thousand. how: as of simulate.
    """
    return _largest(scenario, confidence, returns, how, with_spending, _first_spending, "spending")


def needed_wealth(
    scenario: Scenario, confidence: float = 0.9, returns: pl.DataFrame | None = None, **how: Any
) -> Amount:
    """The smallest liquid wealth today that succeeds with the wanted probability."""

    def poorer(one: Scenario, factor: float) -> Scenario:
        return with_wealth(one, 1 / factor) if factor > 0 else with_wealth(one, 2.0**20)

    found = _largest(scenario, confidence, returns, how, poorer, _wealth, "wealth")
    factor = None if not found.factor else 1 / found.factor
    return Amount(factor, found.amount_real, found.success, found.reason)


def _largest(
    scenario: Scenario,
    confidence: float,
    returns: pl.DataFrame | None,
    how: dict[str, Any],
    change: Callable[[Scenario, float], Scenario],
    amount: Callable[[Simulation], float],
    word: str,
) -> Amount:
    """The largest factor at which the change still succeeds."""
    _check(confidence)
    tried = _Tried(scenario, returns, how)
    lowest = tried.at(change(scenario, 0.0))
    if lowest.probability < confidence:
        return Amount(None, None, lowest, f"no {word} succeeds: {lowest.probability:.1%} at best")
    low, high, found, simulation = 0.0, 1.0, lowest, tried.last
    while (success := tried.at(change(scenario, high))).probability >= confidence:
        low, found, simulation = high, success, tried.last
        high *= 2
        if high > 2**12:
            return Amount(None, None, success, f"success does not depend on {word}")
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        success = tried.at(change(scenario, middle))
        if success.probability >= confidence:
            low, found, simulation = middle, success, tried.last
        else:
            high = middle
    return Amount(low, amount(simulation), found, "")


class _Tried:
    """Simulations one after the other, on the same draws where they fit."""

    def __init__(
        self, scenario: Scenario, returns: pl.DataFrame | None, how: dict[str, Any]
    ) -> None:
        self._returns, self._how = returns, dict(how)
        self._kept: Draws | None = self._how.pop("kept", None)
        self.last = simulate(scenario, returns, kept=self._kept, **self._how)
        self._kept = self.last.draws

    def at(self, scenario: Scenario) -> Chance:
        self.last = simulate(scenario, self._returns, kept=self._kept, **self._how)
        return self.last.success


def _first_spending(simulation: Simulation) -> float:
    plan = simulation.plan
    year = min(-(-plan.retirement // plan.steps_per_year), plan.years - 1)
    return float(np.median(simulation.outcome.spending[year]))


def _wealth(simulation: Simulation) -> float:
    return float(simulation.plan.buckets.balance.sum())


def _check(confidence: float) -> None:
    require("confidence", confidence, 0 < confidence < 1, "between 0 and 1")
