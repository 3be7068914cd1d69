"""The chance of ruin and the rates that last: by simulation, and over every stretch of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenet.errors import InputOutOfRange
from tenet.planning.backtest import bare_plan, constant_rule, walk_given
from tenet.planning.formulas import Timing, require
from tenet.planning.lognormal import lognormal_growth
from tenet.planning.markets import Lognormal
from tenet.planning.statistics import Chance, chance

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from tenet.planning.plan import Floats


def simulated_ruin(
    log_mean: float,
    log_sd: float,
    withdrawal_rate: float,
    years: int,
    *,
    timing: Timing = "start",
    steps_per_year: int = 1,
    paths: int = 100_000,
    seed: int = 1,
) -> Chance:
    """The chance that a constant real withdrawal cannot be paid in full at some time.

    withdrawal_rate: per year, as a fraction of the balance at the start, paid in equal parts at
    each step. log_mean, log_sd: of real yearly log returns.
    """
    from dataclasses import replace

    require("withdrawal_rate", withdrawal_rate, withdrawal_rate >= 0, "0 or more")
    steps = years * steps_per_year
    rule = constant_rule(withdrawal_rate, years)
    plan = replace(bare_plan(1.0, rule, steps, timing, steps_per_year=steps_per_year), seed=seed)
    market = Lognormal(log_mean={"portfolio": log_mean}, log_sd={"portfolio": log_sd})
    ruined = 0
    for first in range(0, paths, 50_000):
        count = min(50_000, paths - first)
        part = replace(plan, seed=seed + first // 50_000)
        growth = lognormal_growth(market, part, count, threads=1)
        ruined += int((walk_given(part, growth).empty_step < steps).sum())
    return chance(ruined, paths)


def portfolio_windows(
    returns: pl.DataFrame,
    weights: dict[str, float],
    years: int,
    inflation: str | None = None,
) -> tuple[Floats, Floats]:
    """Growth factors of a portfolio in each stretch of the past, (years, N), and first years.

    returns: `year` and columns of yearly nominal returns, in order. weights: column to weight,
    restored each year. inflation: the column to take out; None leaves growth nominal.
    """
    total = sum(weights.values())
    require("weights", total, abs(total - 1) < 1e-6, "a sum of 1")
    require("years", years, 1 <= years <= returns.height, f"1 to the table's {returns.height}")
    for column in [*weights, "year", *([inflation] if inflation else [])]:
        if column not in returns.columns:
            raise InputOutOfRange("column", column, f"one of {', '.join(returns.columns)}")
    yearly = sum(
        (weight * returns[column].to_numpy() for column, weight in weights.items()),
        start=np.ones(returns.height),
    )
    if inflation:
        yearly = yearly / (1 + returns[inflation].to_numpy())
    view = np.lib.stride_tricks.sliding_window_view(yearly, years)
    return view.T.copy(), returns["year"].to_numpy()[: len(view)]


def historical_success(
    returns: pl.DataFrame,
    weights: dict[str, float],
    years: int,
    rate: float,
    *,
    inflation: str | None = "inflation",
    timing: Timing = "end",
) -> Chance:
    """The share of all stretches of the past that end with a balance above zero.

    rate: yearly withdrawal as a fraction of the first balance; real, or nominal with inflation
    None. With timing end and inflation, the first withdrawal has risen with that year's prices, as
    in the published tables.
    """
    growth, _ = portfolio_windows(returns, weights, years, inflation)
    outcome = walk_given(bare_plan(1.0, constant_rule(rate, years), years, timing), growth)
    return chance(int((outcome.wealth[-1] > 0).sum()), growth.shape[1])


def safe_rates(
    returns: pl.DataFrame,
    weights: dict[str, float],
    years: int,
    *,
    inflation: str | None = "inflation",
    timing: Timing = "end",
) -> pl.DataFrame:
    """The highest constant withdrawal rate that lasted in each stretch: year, rate.

    Closed form: one over the sum of what 1 at each withdrawal was worth at the start.
    """
    import polars as pl

    growth, first = portfolio_windows(returns, weights, years, inflation)
    worth = 1 / np.cumprod(growth, axis=0)
    if timing == "start":
        worth = np.vstack([np.ones(worth.shape[1]), worth[:-1]])
    return pl.DataFrame({"year": first, "rate": 1 / worth.sum(axis=0)})


def safe_rate(rates: Sequence[float], confidence: float = 1.0) -> float:
    """The rate that lasted in at least that share of the stretches."""
    require("confidence", confidence, 0 < confidence <= 1, "above 0, at most 1")
    ordered = sorted(rates)
    require("rates", len(ordered), len(ordered) > 0, "one or more")
    return ordered[int((1 - confidence) * len(ordered) + 1e-9)]
