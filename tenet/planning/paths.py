"""Single futures as rows, and what those that fail have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tenet.errors import InputOutOfRange
from tenet.planning.buckets_walk import BucketsWalk
from tenet.planning.formulas import require
from tenet.planning.record import Record
from tenet.planning.simulation import simulate
from tenet.planning.when import month_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from tenet.planning.plan import Floats
    from tenet.planning.scenario import Scenario
    from tenet.planning.simulation import Simulation


def regenerated(
    scenario: Scenario,
    numbers: Sequence[int],
    returns: pl.DataFrame | None = None,
    *,
    seed: int | None = None,
) -> pl.DataFrame:
    """As path_rows, without the simulation: paths come back from the seed alone."""
    _check(numbers, None)
    simulation = simulate(scenario, returns, paths=max(numbers) + 1, seed=seed)
    return path_rows(simulation, numbers)


def path_rows(simulation: Simulation, numbers: Sequence[int]) -> pl.DataFrame:
    """Some paths step by step, in the order of the numbers given (0 is the first path).

    A row per path and step: path, date (first day of the step), year (of the plan, 0 is the first),
    start_year (of a history, else null), wealth_real and wealth_nominal (liquid, before the step),
    spending_real and spending_nominal (in the step), return_real (of the market, after fees, in
    the step, a fraction), inflation, price_level (basis year 1), is_short (essential spending not
    paid in full), basis_year.
    Raises InputOutOfRange for a number that no path has.
    """
    import polars as pl

    plan, draws = simulation.plan, simulation.draws
    _check(numbers, draws.paths)
    chosen = np.asarray(numbers)
    some = draws.columns(chosen)
    walk = BucketsWalk(plan, some)
    walk.record = Record([], [], [], [])
    walk.run()
    record = walk.record
    count, per_step = len(chosen), 12 // plan.steps_per_year
    price = np.stack([np.broadcast_to(one, (count,)) for one in record.price])
    after = np.vstack([price[1:], np.broadcast_to(walk.price, (1, count))])
    wealth, spending = np.stack(record.wealth), np.stack(record.spending)
    dates = [month_date(plan.first_month + per_step * step) for step in range(plan.steps)]
    starts = [None] * count if some.starts is None else some.starts.tolist()
    return pl.DataFrame(
        {
            "path": np.repeat(chosen, plan.steps),
            "date": dates * count,
            "year": np.tile(np.arange(plan.steps) // plan.steps_per_year, count),
            "start_year": pl.Series(starts, dtype=pl.Int64).repeat_by(plan.steps).explode(),
            "wealth_real": _down(wealth),
            "wealth_nominal": _down(wealth * price),
            "spending_real": _down(spending),
            "spending_nominal": _down(spending * (after if plan.pays_at_end else price)),
            "return_real": _down(some.growth * plan.growth_scale - 1.0),
            "inflation": _down(after / price - 1),
            "price_level": _down(price),
            "is_short": np.stack(record.is_short).T.ravel(),
            "basis_year": [plan.basis_year] * (plan.steps * count),
        }
    )


def failure_traits(simulation: Simulation, years: int = 10) -> pl.DataFrame:
    """How the paths that fail differ from those that do not; a row per trait.

    trait, failed_p25, failed_p50, failed_p75, others_p25, others_p50, others_p75 (fractions; null
    without any such path), failed_paths, others_paths. Traits: return_real of the portfolio per
    year in the first `years` from retirement (from the start without one), and in the whole plan;
    worst_drawdown_real, the deepest fall of its growth; inflation per year in the same first years.
    """
    import polars as pl

    require("years", years, years >= 1, "1 or more")
    failed = ~simulation.is_safe
    rows = []
    for trait, values in _traits(simulation, years).items():
        row: dict[str, object] = {"trait": trait}
        for group, chosen in (("failed", failed), ("others", ~failed)):
            found = values[chosen]
            for percent in (25, 50, 75):
                known = float(np.percentile(found, percent)) if len(found) else None
                row[f"{group}_p{percent}"] = known
        row |= {"failed_paths": int(failed.sum()), "others_paths": int((~failed).sum())}
        rows.append(row)
    floats = [f"{group}_p{percent}" for group in ("failed", "others") for percent in (25, 50, 75)]
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(floats, pl.Float64))


def _traits(simulation: Simulation, years: int) -> dict[str, Floats]:
    plan, draws = simulation.plan, simulation.draws
    first = plan.retirement if plan.retirement < plan.steps else 0
    stop = min(first + years * plan.steps_per_year, plan.steps)
    level, peak = np.ones(draws.paths), np.ones(draws.paths)
    fall, early = np.zeros(draws.paths), np.ones(draws.paths)
    for step, growth in enumerate(draws.growth):
        level *= growth * plan.growth_scale
        np.maximum(peak, level, out=peak)
        np.maximum(fall, 1 - level / peak, out=fall)
        if first <= step < stop:
            early *= growth * plan.growth_scale
    span = (stop - first) / plan.steps_per_year
    if plan.price is not None:
        rise = np.full(draws.paths, plan.price[stop] / plan.price[first])
    else:
        assert draws.inflation is not None  # as in outcome.yearly_price
        rise = (1.0 + draws.inflation[first:stop]).prod(axis=0)
    return {
        f"return_real of {years} years from retirement": early ** (1 / span) - 1,
        "return_real of all years": level ** (1 / plan.years) - 1,
        "worst_drawdown_real": fall,
        f"inflation of {years} years from retirement": rise ** (1 / span) - 1,
    }


def _down(table: Any) -> Floats:
    """(T, N) as one column, path after path."""
    return np.asarray(table, np.float64).T.ravel()


def _check(numbers: Sequence[int], paths: int | None) -> None:
    allowed = "one or more numbers from 0" if paths is None else f"0 to {paths - 1}"
    if not len(numbers) or min(numbers) < 0 or (paths is not None and max(numbers) >= paths):
        raise InputOutOfRange("numbers", list(numbers), allowed)
