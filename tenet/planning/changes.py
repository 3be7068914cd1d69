"""One thing of a scenario changed. Copies are not checked again: solvers try what may not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.planning.household import LIQUID
from tenet.planning.when import When, month_date

if TYPE_CHECKING:
    from typing import Literal

    from tenet.planning.scenario import Scenario


def retiring(scenario: Scenario, month: int) -> Scenario:
    """Retired from that month of the plan on; all that refers to retirement moves with it."""
    at = When(date=month_date(scenario.calendar.first + month))
    return scenario.model_copy(update={"retirement": at})


def with_streams(
    scenario: Scenario, kind: Literal["income", "spending", "contribution"], factor: float
) -> Scenario:
    """All streams of a kind times a factor."""
    streams = tuple(
        one.model_copy(update={"amount": one.amount * factor}) if one.kind == kind else one
        for one in scenario.streams
    )
    return scenario.model_copy(update={"streams": streams})


def with_spending(scenario: Scenario, factor: float) -> Scenario:
    """Spending streams, and the rate of a rule that decides once, times a factor."""
    changed = with_streams(scenario, "spending", factor)
    rule = changed.withdrawal
    if rule.kind == "constant":
        rule = rule.model_copy(update={"rate": rule.rate * factor})
    elif rule.kind == "guyton_klinger" and rule.initial_rate is not None:
        rule = rule.model_copy(update={"initial_rate": rule.initial_rate * factor})
    return changed.model_copy(update={"withdrawal": rule})


def with_wealth(scenario: Scenario, factor: float) -> Scenario:
    """Balances (and what was paid for them) of liquid accounts times a factor."""
    accounts = tuple(
        one.model_copy(
            update={
                "balance": None if one.balance is None else one.balance * factor,
                "basis": None if one.basis is None else one.basis * factor,
            }
        )
        if one.kind in LIQUID
        else one
        for one in scenario.accounts
    )
    return scenario.model_copy(update={"accounts": accounts})


def with_extra_return(scenario: Scenario, more: float) -> Scenario:
    """Every asset's yearly log return raised."""
    return scenario.model_copy(update={"extra_return": scenario.extra_return + more})


def with_inflation(scenario: Scenario, more: float) -> Scenario:
    """Inflation raised, and nothing else: real returns fall where the market is nominal."""
    rate = scenario.inflation.rate + more
    inflation = scenario.inflation.model_copy(update={"rate": rate})
    return scenario.model_copy(update={"inflation": inflation})


def with_fee(scenario: Scenario, more: float) -> Scenario:
    """The yearly fee raised, to zero at least."""
    return scenario.model_copy(update={"fee": min(max(scenario.fee + more, 0.0), 0.99)})


def with_weight(scenario: Scenario, asset: str, more: float) -> Scenario:
    """The weight of an asset raised at every point, all others lowered in proportion."""
    points = []
    for point in scenario.allocation:
        before = point.weights.get(asset, 0.0)
        after = min(max(before + more, 0.0), 1.0)
        if before == 1.0:
            others = [name for name in scenario.market.assets if name != asset]
            weights = {name: (1 - after) / len(others) for name in others} if others else {}
            after = after if others else 1.0
        else:
            rest = (1 - after) / (1 - before)
            weights = {name: w * rest for name, w in point.weights.items() if name != asset}
        points.append(point.model_copy(update={"weights": {**weights, asset: after}}))
    return scenario.model_copy(update={"allocation": tuple(points)})


def ending(scenario: Scenario, years: int) -> Scenario:
    """The plan so many years longer, within a hundred years."""
    calendar = scenario.calendar
    last = min(max(calendar.end + 12 * years, 12), 1200)
    return scenario.model_copy(update={"end": When(date=month_date(calendar.first + last))})
