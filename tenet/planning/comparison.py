"""Scenarios side by side on the same futures, paired path by path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from tenet.errors import InputOutOfRange
from tenet.planning.simulation import Simulation, simulate
from tenet.planning.statistics import mcnemar, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from tenet.planning.plan import Floats
    from tenet.planning.scenario import Scenario


@dataclass(frozen=True)
class Comparison:
    """Simulations of several scenarios on common random numbers, in the order given."""

    simulations: tuple[Simulation, ...]

    @cached_property
    def fans(self) -> pl.DataFrame:
        """The real fans under each other, with the column scenario first."""
        import polars as pl

        return pl.concat(
            one.fan.select(pl.lit(one.scenario.name).alias("scenario"), pl.all())
            for one in self.simulations
        )

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """Each two of them; differences are second less first, low and high of 95 % intervals.

        first, second, paths; success_first, success_second, success_delta, _low, _high;
        only_first_fails, only_second_fails, p_value (McNemar); second_wins, ties (shares of paths,
        by real liquid wealth at each one's own end); wealth_delta_p50_real, _low, _high (median of
        the paths' differences); spending_p10_delta_real, _low, _high (of yearly means, of the tenth
        percentile); basis_year.
        """
        import polars as pl

        return pl.DataFrame([_pair(*pair) for pair in combinations(self.simulations, 2)])


def compare(
    scenarios: Sequence[Scenario], returns: pl.DataFrame | None = None, **how: Any
) -> Comparison:
    """Simulate two or more scenarios with the seed and paths of the first (or those of `how`).

    Scenarios whose markets have the same assets see the same shocks; otherwise paths are still
    paired, and the pairing only saves less. how: paths, seed and threads, as of simulate.
    Raises InputOutOfRange when names repeat, currency or basis year differ, or one has another
    number of paths (a history beside a simulation).
    """
    if len(scenarios) < 2:
        raise InputOutOfRange("scenarios", len(scenarios), "two or more")
    first = scenarios[0]
    for field in ("currency", "basis_year"):
        values = {str(getattr(one, field)) for one in scenarios}
        if len(values) > 1:
            raise InputOutOfRange(field, " and ".join(sorted(values)), "one for all scenarios")
    names = [one.name for one in scenarios]
    if len(set(names)) < len(names):
        raise InputOutOfRange("name", ", ".join(names), "another for each scenario")
    how = {"seed": first.seed, "paths": first.paths} | how
    done: list[Simulation] = []
    for scenario in scenarios:
        kept = done[-1].draws if done else None
        done.append(simulate(scenario, returns, kept=kept, **how))
        if done[-1].outcome.paths != done[0].outcome.paths:
            raise InputOutOfRange(
                "market",
                f"{done[-1].outcome.paths} paths of {scenario.name}",
                f"as many as {first.name} has, {done[0].outcome.paths}",
            )
    return Comparison(tuple(done))


def _pair(first: Simulation, second: Simulation) -> dict[str, Any]:
    paths = first.outcome.paths
    fails_first, fails_second = ~first.is_safe, ~second.is_safe
    only_first = int((fails_first & ~fails_second).sum())
    only_second = int((fails_second & ~fails_first).sum())
    delta = (only_first - only_second) / paths
    spread = (only_first + only_second) / paths - delta**2
    half = normal_quantile(0.95) * float(np.sqrt(max(spread, 0) / paths))
    ends = second.outcome.wealth[-1] - first.outcome.wealth[-1]
    low, middle, high = _median_interval(ends)
    spent = _tenth(second) - _tenth(first)
    error = _tenth_error(first, second)
    return {
        "first": first.scenario.name,
        "second": second.scenario.name,
        "paths": paths,
        "success_first": first.success.probability,
        "success_second": second.success.probability,
        "success_delta": delta,
        "success_delta_low": delta - half,
        "success_delta_high": delta + half,
        "only_first_fails": only_first,
        "only_second_fails": only_second,
        "p_value": mcnemar(only_first, only_second),
        "second_wins": float((ends > 0).mean()),
        "ties": float((ends == 0).mean()),
        "wealth_delta_p50_real": middle,
        "wealth_delta_p50_real_low": low,
        "wealth_delta_p50_real_high": high,
        "spending_p10_delta_real": spent,
        "spending_p10_delta_real_low": spent - error,
        "spending_p10_delta_real_high": spent + error,
        "basis_year": first.plan.basis_year,
    }


def _median_interval(values: Floats) -> tuple[float, float, float]:
    """The median between the order statistics that hold it in 95 of 100 samples."""
    ordered = np.sort(values)
    count = len(ordered)
    reach = normal_quantile(0.95) * np.sqrt(count) / 2
    low = max(int(np.floor(count / 2 - reach)), 0)
    high = min(int(np.ceil(count / 2 + reach)), count - 1)
    return float(ordered[low]), float(np.median(ordered)), float(ordered[high])


def _yearly_means(simulation: Simulation) -> Floats:
    plan = simulation.plan
    year = min(-(-plan.retirement // plan.steps_per_year), plan.years - 1)
    return np.asarray(simulation.outcome.spending[year:].mean(axis=0))


def _tenth(simulation: Simulation) -> float:
    return float(np.percentile(_yearly_means(simulation), 10))


def _tenth_error(first: Simulation, second: Simulation) -> float:
    """Half of the interval of the difference of tenths, from 20 batches of paired paths."""
    one, other = _yearly_means(first), _yearly_means(second)
    if len(one) < 200:
        return float("nan")
    deltas = [
        np.percentile(b, 10) - np.percentile(a, 10)
        for a, b in zip(np.array_split(one, 20), np.array_split(other, 20), strict=True)
    ]
    return float(normal_quantile(0.95) * np.std(deltas, ddof=1) / np.sqrt(20))
