"""The withdrawal rule of a scenario as numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.formulas import cape_rate, vpw_rate
from tenet.planning.plan import RuleNumbers
from tenet.planning.when import month_number

if TYPE_CHECKING:
    import numpy.typing as npt

    from tenet.planning.calendar import Calendar
    from tenet.planning.plan import Floats
    from tenet.planning.scenario import Scenario
    from tenet.planning.withdrawals import Vpw


def rule_numbers(
    scenario: Scenario, calendar: Calendar, weights: Floats, decisions: npt.NDArray[np.int64]
) -> RuleNumbers:
    """Numbers of the rule.

    weights: (months, A). decisions: months after the start at which it decides, once a year.
    """
    rule = scenario.withdrawal
    flat = np.ones(len(decisions))
    if rule.kind == "planned":
        return RuleNumbers(rule.kind, np.array([]))
    if rule.kind == "constant":
        return RuleNumbers(rule.kind, flat * rule.rate)
    if rule.kind == "percent":
        ceiling = math.inf if rule.ceiling is None else rule.ceiling
        return RuleNumbers(rule.kind, flat * rule.rate, floor=rule.floor or 0.0, ceiling=ceiling)
    if rule.kind == "floor_ceiling" or rule.kind == "dynamic":
        return RuleNumbers(rule.kind, flat * rule.rate, floor=rule.floor, ceiling=rule.ceiling)
    if rule.kind == "vpw":
        rates = _vpw_rates(scenario, rule, calendar, weights, decisions)
        return RuleNumbers("percent", rates)
    if rule.kind == "cape":
        return RuleNumbers("percent", flat * cape_rate(rule.a, rule.b, rule.cape))
    if rule.kind == "flex":
        cuts = tuple(sorted((one.drawdown, one.cut) for one in rule.cuts))
        return RuleNumbers(rule.kind, np.array([]), cuts=cuts)
    return RuleNumbers(
        rule.kind,
        np.array([]) if rule.initial_rate is None else flat * rule.initial_rate,
        lower=rule.lower,
        upper=rule.upper,
        cut=rule.cut,
        raise_=rule.raise_,
        no_cut_final_years=rule.no_cut_final_years,
        inflation_cap=math.inf if rule.inflation_cap is None else rule.inflation_cap,
    )


def _vpw_rates(
    scenario: Scenario,
    rule: Vpw,
    calendar: Calendar,
    weights: Floats,
    months: npt.NDArray[np.int64],
) -> Floats:
    person = (
        max(scenario.people, key=lambda one: one.born)
        if rule.person is None
        else calendar.person(rule.person)
    )
    equity = [scenario.market.assets.index(asset) for asset in rule.equity]
    ages = (months + calendar.first - month_number(person.born)) / 12
    rates = []
    for month, age in zip(months, ages, strict=True):
        share = float(weights[month, equity].sum())
        left = max(int(rule.last_age - math.floor(age)) + 1, 1)
        rates.append(vpw_rate(left, share, rule.stock_real, rule.bond_real))
    return np.array(rates)
