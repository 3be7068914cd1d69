"""Rules on returns that are given, and the published experiments: the engine on bare numbers.

A household is a balance and a rule here; steps are years unless said otherwise.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tenet.errors import InputOutOfRange
from tenet.planning.draws import Draws
from tenet.planning.formulas import Timing, require
from tenet.planning.plan import Buckets, Flows, Plan, RuleNumbers
from tenet.planning.rules import Past, guyton_klinger
from tenet.planning.walk import single_walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import polars as pl

    from tenet.planning.outcome import Outcome
    from tenet.planning.plan import Floats


def bare_plan(
    balance: float,
    rule: RuleNumbers,
    steps: int,
    timing: Timing = "start",
    *,
    price: Floats | None = None,
    steps_per_year: int = 1,
    flow: float = 0.0,
) -> Plan:
    """A plan of one balance and one rule, retired from the first step.

    price: (steps + 1,), default no inflation. flow: what comes in at each step (negative: goes
    out as essential spending).
    """
    require("timing", timing, timing in ("start", "end"), "start or end")
    require("steps", steps, steps >= 1 and steps % steps_per_year == 0, "whole years")
    none, flat = np.zeros(steps), np.ones(steps)
    flows = Flows(
        *(flat * max(-flow, 0), none, flat * max(flow, 0), none, none, none),
        contribution=np.zeros((1, steps)),
    )
    one, nan = np.array([float(balance)]), np.array([math.nan])
    no_tax = (np.zeros(1), np.zeros(1, np.bool_), 0)
    return Plan(
        name="bare",
        currency="XXX",
        basis_year=0,
        first_month=12,
        steps_per_year=steps_per_year,
        steps=steps,
        pays_at_end=timing == "end",
        retirement=0,
        assets=("portfolio",),
        weights=np.ones((steps, 1)),
        growth_scale=1.0,
        price=np.ones(steps + 1) if price is None else price,
        price_start=1.0,
        flows=flows,
        flows_nominal=None,
        buckets=Buckets(("cash",), one, one, nan, *no_tax),
        property_value=np.zeros(steps + 1),
        debt_nominal=np.zeros(steps + 1),
        rule=rule,
        lives=(),
        goals=(),
        seed=0,
        paths=1,
    )


def constant_rule(rate: float, years: int) -> RuleNumbers:
    """The fraction `rate` of the first balance every year, in money that keeps its value."""
    return RuleNumbers("constant", np.full(years, rate))


def walk_given(plan: Plan, growth: npt.NDArray[np.floating], *, is_floored: bool = True) -> Outcome:
    """The engine on growth factors that are given: (T, N), real, or nominal without inflation."""
    draws = Draws(growth, None, None, "given", plan.weights)
    return single_walk(plan, draws, is_floored=is_floored)


def traced(
    rule: RuleNumbers,
    balance: float,
    returns: Sequence[float],
    inflation: Sequence[float],
    timing: Timing = "start",
    *,
    horizon_years: int | None = None,
) -> pl.DataFrame:
    """A rule, year by year, on nominal returns and inflation of the years, in order.

    horizon_years: length of the plan that the rule believes in; default: as many as returns.
    A row per year, and one more for the first day after: year (0 is the first), price_level,
    balance_nominal and balance_real (before that year's withdrawal), withdrawal_nominal and
    withdrawal_real, rules (of Guyton-Klinger: I inflation, F frozen, C cut, P prosperity). The last
    row has what the rule takes there, when the horizon goes on.
    """
    import polars as pl

    years = len(returns)
    if len(inflation) != years or not years:
        raise InputOutOfRange("inflation", f"{len(inflation)} years", f"{years or 'one or more'}")
    horizon = max(horizon_years or years, years)
    rates = np.resize(rule.rates, horizon) if rule.is_of_balance else rule.rates
    rule = replace(rule, rates=rates)
    padded = np.concatenate([np.asarray(inflation, float), np.zeros(horizon - years)])
    price = np.concatenate([[1.0], np.cumprod(1 + padded)])
    nominal = np.concatenate([np.asarray(returns, float), np.zeros(horizon - years)])
    real = (1 + nominal) / (1 + padded)
    outcome = walk_given(bare_plan(balance, rule, horizon, timing, price=price), real[:, None])
    shown = min(years + 1, horizon + 1)
    wealth = outcome.wealth[:shown, 0]
    taken = np.append(outcome.spending[:, 0], np.nan)[:shown]
    paid_price = price[1 : shown + 1] if timing == "end" else price[:shown]
    paid_price = np.resize(paid_price, shown)
    marks = _marks(rule, wealth, taken, nominal, padded, horizon)
    return pl.DataFrame(
        {
            "year": range(shown),
            "price_level": price[:shown],
            "balance_nominal": wealth * price[:shown],
            "balance_real": wealth,
            "withdrawal_nominal": taken * paid_price,
            "withdrawal_real": taken,
            "rules": marks,
        }
    ).with_columns(pl.col("withdrawal_nominal", "withdrawal_real").fill_nan(None))


def _marks(
    rule: RuleNumbers, wealth: Floats, taken: Floats, nominal: Floats, rise: Floats, horizon: int
) -> list[str]:
    letters = [""] * len(wealth)
    if rule.kind != "guyton_klinger":
        return letters
    for year in range(1, min(len(wealth), horizon)):
        past = Past(nominal[year - 1] < 0, rise[year - 1])
        last, balance = taken[year - 1 : year], wealth[year : year + 1]
        acted = guyton_klinger(rule, last, balance, rule.rates[0], past, horizon - year)
        letters[year] = "F" if acted.frozen[0] else "I"
        letters[year] += "C" * bool(acted.cut[0]) + "P" * bool(acted.raised[0])
    return letters
