"""How often each goal is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tenet.planning.fan import net_worth
from tenet.planning.statistics import chance
from tenet.planning.when import month_date

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from tenet.planning.outcome import Outcome
    from tenet.planning.plan import GoalNumbers, Plan


def goal_table(
    plan: Plan, outcome: Outcome, is_safe: npt.NDArray[np.bool_], last: npt.NDArray[np.int64]
) -> pl.DataFrame:
    """The probability of each goal, the most important first.

    is_safe: paths never short of essential spending while alive. last: steps lived. Columns: goal,
    kind, priority, amount_real (null for retire), basis_year, due, wanted, probability,
    standard_error, low, high, is_met.
    """
    import polars as pl

    rows: list[dict[str, Any]] = []
    for goal in sorted(plan.goals, key=lambda one: (one.priority, one.name)):
        found = chance(int(_reached(goal, plan, outcome, is_safe, last).sum()), outcome.paths)
        rows.append(
            {
                "goal": goal.name,
                "kind": goal.kind,
                "priority": goal.priority,
                "amount_real": goal.amount or None,
                "basis_year": plan.basis_year,
                "due": month_date(plan.first_month + goal.step * 12 // plan.steps_per_year),
                "wanted": goal.wanted,
                "probability": found.probability,
                "standard_error": found.standard_error,
                "low": found.low,
                "high": found.high,
                "is_met": found.probability >= goal.wanted,
            }
        )
    return pl.DataFrame(rows, schema=_schema(pl))


def _reached(
    goal: GoalNumbers,
    plan: Plan,
    outcome: Outcome,
    is_safe: npt.NDArray[np.bool_],
    last: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    year = -(-goal.step // plan.steps_per_year)
    if goal.kind == "retire":
        return is_safe & (plan.retirement <= goal.step)
    if goal.kind == "purchase":
        return np.asarray(outcome.empty_step > goal.step)
    if goal.kind in ("net_worth", "legacy"):
        return np.asarray(net_worth(plan, outcome)[year] >= goal.amount)
    enough = outcome.spending[year:] >= goal.amount * (1 - 1e-9)
    lived = np.arange(year, plan.years)[:, None] < last // plan.steps_per_year
    return np.asarray((enough | ~lived).all(axis=0))


def _schema(pl: Any) -> dict[str, Any]:
    texts, floats = ("goal", "kind"), ("wanted", "probability", "standard_error", "low", "high")
    return {
        **dict.fromkeys(texts, pl.String),
        "priority": pl.Int64,
        "amount_real": pl.Float64,
        "basis_year": pl.Int64,
        "due": pl.Date,
        **dict.fromkeys(floats, pl.Float64),
        "is_met": pl.Boolean,
    }
