"""A scenario on many futures: how often it holds, and what they look like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.compiling import compiled
from tenet.planning.deaths import death_steps
from tenet.planning.draws import Draws, drawn
from tenet.planning.fan import fan
from tenet.planning.formulas import require
from tenet.planning.goals import goal_table
from tenet.planning.statistics import Chance, chance
from tenet.planning.walk import walked
from tenet.planning.when import month_date

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from tenet.planning.outcome import Outcome
    from tenet.planning.plan import Plan
    from tenet.planning.scenario import Scenario

VERSION = "1"
"""Of the engine: another one may give other numbers for the same seed."""


@dataclass(frozen=True)
class Simulation:
    """What a scenario came to. `draws` may be given to the next simulation, to be used again."""

    scenario: Scenario
    plan: Plan
    draws: Draws
    outcome: Outcome

    @cached_property
    def lived(self) -> npt.NDArray[np.int64]:
        """(N,): the first step that nobody lives to see; T without a law of mortality."""
        return death_steps(self.plan, self.outcome.paths)

    @cached_property
    def is_safe(self) -> npt.NDArray[np.bool_]:
        """(N,): never short of essential spending while alive.

        A plan without essential spending is judged by whether what its rule takes, or its streams
        need, can be paid; a percentage of what is there always can.
        """
        outcome = self.outcome
        return safe_paths(self.plan, outcome.short_step, outcome.empty_step, self.lived)

    @cached_property
    def success(self) -> Chance:
        """How probable it is never to be short of essential spending: the headline."""
        return chance(int(self.is_safe.sum()), self.outcome.paths)

    @cached_property
    def survival(self) -> Chance:
        """How probable a balance above zero after the last withdrawal is, as published."""
        return chance(int((self.outcome.wealth[-1] > 0).sum()), self.outcome.paths)

    @cached_property
    def fan(self) -> pl.DataFrame:
        """Percentiles by year, real (fan.fan)."""
        return fan(self.plan, self.outcome)

    @cached_property
    def fan_nominal(self) -> pl.DataFrame:
        """Percentiles by year in money of the day (fan.fan)."""
        return fan(self.plan, self.outcome, "nominal")

    @cached_property
    def goals(self) -> pl.DataFrame:
        """The probability of each goal (goals.goal_table)."""
        return goal_table(self.plan, self.outcome, self.is_safe, self.lived)

    @cached_property
    def depletion(self) -> pl.DataFrame:
        """When paths fail for the first time; a row per year of the plan.

        year, date, short_paths and short_share (essential spending not paid), empty_paths and
        empty_share (anything that was due not paid). Deaths are not looked at.
        """
        import polars as pl

        plan, paths = self.plan, self.outcome.paths
        short, empty = (
            np.bincount(steps // plan.steps_per_year, minlength=plan.years + 1)[: plan.years]
            for steps in (self.outcome.short_step, self.outcome.empty_step)
        )
        return pl.DataFrame(
            {
                "year": [(plan.first_month + 12 * n) // 12 for n in range(plan.years)],
                "date": [month_date(plan.first_month + 12 * n) for n in range(plan.years)],
                "short_paths": short,
                "short_share": short / paths,
                "empty_paths": empty,
                "empty_share": empty / paths,
            }
        )


def safe_paths(
    plan: Plan,
    short_step: npt.NDArray[np.int32],
    empty_step: npt.NDArray[np.int32],
    lived: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    """As Simulation.is_safe, of the first failures and the steps lived, (N,) each."""
    nominal = plan.flows_nominal
    has_essential = plan.flows.essential.any() or (nominal is not None and nominal.essential.any())
    if not has_essential and plan.rule.kind == "percent" and plan.rule.floor == 0:
        return np.ones(len(lived), np.bool_)
    return np.asarray((short_step if has_essential else empty_step) >= lived)


def simulate(
    scenario: Scenario,
    returns: pl.DataFrame | None = None,
    *,
    paths: int | None = None,
    seed: int | None = None,
    threads: int = 1,
    kept: Draws | None = None,
) -> Simulation:
    """Walk a scenario through many futures. Writes nothing; same input, same bits.

    returns: the yearly or monthly table of a history or bootstrap. paths, seed: instead of those of
    the scenario. threads: to draw with; the result does not depend on it. kept: the draws of an
    earlier simulation; they are used where they fit, so a change of flows, rule, fee or inflation
    costs a fraction.
    Paths are numbered: fewer paths are the first of more, a shorter plan the start of a longer one.
    Raises ScenarioInvalid, ReturnsRefused, InputOutOfRange.
    """
    require("paths", paths, paths is None or paths >= 1, "1 or more")
    require("seed", seed, seed is None or seed >= 0, "0 or more")
    plan = compiled(scenario)
    if seed is not None or paths is not None:
        plan = replace(
            plan,
            seed=plan.seed if seed is None else seed,
            paths=plan.paths if paths is None else paths,
        )
    draws = drawn(scenario, plan, returns, threads=threads, kept=kept)
    return Simulation(scenario, plan, draws, walked(plan, draws))
