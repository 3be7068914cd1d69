"""From a scenario to its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.buckets import bucketed
from tenet.planning.deciding import rule_numbers
from tenet.planning.flowing import flow_table
from tenet.planning.plan import Flows, GoalNumbers, Life, Plan
from tenet.planning.when import month_number

if TYPE_CHECKING:
    from tenet.planning.calendar import Calendar
    from tenet.planning.plan import Floats
    from tenet.planning.scenario import Scenario


def compiled(scenario: Scenario, *, keeps_kinds: bool = False) -> Plan:
    """The plan of a scenario. Raises ScenarioInvalid when an account's balance is not filled in.

    keeps_kinds: a bucket for each kind of account, although taxes do not tell them apart.
    """
    calendar = scenario.calendar
    per_year = 12 if scenario.step == "month" else 1
    months, steps = calendar.years * 12, calendar.years * per_year
    inflation = scenario.inflation.rate
    price_start = (1 + inflation) ** (scenario.start.year - scenario.basis_year)
    is_certain = scenario.market.kind not in ("history", "bootstrap")
    level = price_start * (1 + inflation) ** (np.arange(steps + 1) / per_year)
    buckets, places = bucketed(scenario, per_year, price_start, keeps_kinds)
    real, nominal, debt = flow_table(scenario, calendar, places, buckets, per_year)
    if is_certain and nominal is not None:
        paid = level[1:] if scenario.timing == "end" else level[:-1]
        real, nominal = _added(real, nominal, 1 / paid), None
    retirement = min(-(-calendar.retirement * per_year // 12), steps)
    decisions = np.arange(retirement * 12 // per_year, months, 12)
    weights = _weights(scenario, calendar, months)
    return Plan(
        name=scenario.name,
        currency=scenario.currency,
        basis_year=scenario.basis_year,
        first_month=calendar.first,
        steps_per_year=per_year,
        steps=steps,
        pays_at_end=scenario.timing == "end",
        retirement=retirement,
        assets=scenario.market.assets,
        weights=weights[:: 12 // per_year],
        growth_scale=_growth_scale(scenario, per_year, inflation if is_certain else 0.0),
        price=level if is_certain else None,
        price_start=price_start,
        flows=real,
        flows_nominal=nominal,
        buckets=buckets,
        property_value=_property(scenario, steps, per_year, price_start),
        debt_nominal=debt,
        rule=rule_numbers(scenario, calendar, weights, decisions),
        lives=_lives(scenario),
        goals=_goals(scenario, calendar, per_year),
        seed=scenario.seed,
        paths=scenario.paths,
    )


def _added(real: Flows, nominal: Flows, factor: Floats) -> Flows:
    both = {name: getattr(real, name) + getattr(nominal, name) * factor for name in vars(real)}
    return Flows(**both)


def _growth_scale(scenario: Scenario, per_year: int, inflation: float) -> float:
    yearly = (1 - scenario.fee) * np.exp(scenario.extra_return)
    if getattr(scenario.market, "basis", "real") == "nominal":
        yearly /= 1 + inflation
    return float(yearly ** (1 / per_year))


def _weights(scenario: Scenario, calendar: Calendar, months: int) -> Floats:
    points = [(calendar.month(one.at) if one.at else 0, one) for one in scenario.allocation]
    kept = [
        (at, one)
        for number, (at, one) in enumerate(points)
        if all(later > at for later, _ in points[number + 1 :])
    ]
    at = [month for month, _ in kept]
    columns = [
        np.interp(np.arange(months), at, [one.weights.get(asset, 0) for _, one in kept])
        for asset in scenario.market.assets
    ]
    return np.stack(columns, axis=1)


def _property(scenario: Scenario, steps: int, per_year: int, price_start: float) -> Floats:
    years = np.arange(steps + 1) / per_year
    value = np.zeros(steps + 1)
    for account in scenario.accounts:
        if account.kind == "property":
            value += (account.balance or 0) / price_start * (1 + (account.growth or 0)) ** years
    return value


def _lives(scenario: Scenario) -> tuple[Life, ...]:
    if all(person.mortality is None for person in scenario.people):
        return ()
    start = month_number(scenario.start)
    return tuple(
        Life(
            age=(start - month_number(person.born)) / 12,
            mode=person.mortality.mode if person.mortality else 0.0,
            dispersion=person.mortality.dispersion if person.mortality else 0.0,
            end_age=person.end_age,
        )
        for person in scenario.people
    )


def _goals(scenario: Scenario, calendar: Calendar, per_year: int) -> tuple[GoalNumbers, ...]:
    found = []
    for goal in scenario.goals:
        if goal.by is not None:
            month = calendar.month(goal.by)
        else:
            month = calendar.retirement if goal.kind == "spending_floor" else calendar.years * 12
        step = month * per_year // 12
        amount = goal.amount or 0.0
        found.append(GoalNumbers(goal.name, goal.kind, amount, step, goal.wanted, goal.priority))
    return tuple(found)
