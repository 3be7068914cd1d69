"""Solving, comparing, ranking and laying out grids: choices on common futures."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from planners import fixed, income, retiree, spending

from tenet.errors import InputOutOfRange, ScenarioInvalid
from tenet.planning import formulas
from tenet.planning.axes import expanded
from tenet.planning.comparison import compare
from tenet.planning.grid import grid
from tenet.planning.sensitivity import sensitivity
from tenet.planning.simulation import simulate
from tenet.planning.solving import earliest_retirement, needed_wealth, sustainable_spending
from tenet.planning.statistics import mcnemar, wilson

LIVING = [spending(40_000)]
WORKING: dict[str, Any] = {
    "retirement": {"date": "2046-01-01"},
    "balance": 200_000,
    "years": 40,
    "streams": [spending(40_000), income(75_000, name="Pay", end={"milestone": "retirement"})],
}


def test_sustainable_spending_without_chance_is_the_annuity() -> None:
    rate = formulas.monthly_rate(0.04)
    found = sustainable_spending(retiree(streams=LIVING, market=fixed(0.04)), 0.5)
    monthly = 1_000_000 * formulas.annuity_due(rate, 360)
    assert found.amount_real == pytest.approx(12 * monthly, rel=2e-4)


def test_sustainable_spending_is_the_most_that_succeeds() -> None:
    scenario = retiree(streams=LIVING)
    found = sustainable_spending(scenario, 0.9)
    assert found.factor is not None
    for factor, succeeds in ((found.factor, True), (found.factor * 1.001, False)):
        success = simulate(retiree(streams=[spending(40_000 * factor)])).success
        assert (success.probability >= 0.9) is succeeds


def test_a_rate_that_is_set_once_is_solved_for() -> None:
    rule = {"kind": "constant", "rate": 0.04}
    found = sustainable_spending(retiree(withdrawal=rule, market=fixed(0.0)), 0.5)
    assert found.amount_real == pytest.approx(1_000_000 / 30, rel=2e-4)


def test_no_spending_succeeds_when_something_else_ruins() -> None:
    ruin = [{"name": "Fine", "at": {"date": "2030-01-01"}, "one_off": -9e6, "need": "essential"}]
    found = sustainable_spending(retiree(streams=LIVING, events=ruin), 0.9)
    assert (found.factor, found.reason) == (None, "no spending succeeds: 0.0% at best")


def test_spending_that_does_not_matter_has_no_answer() -> None:
    found = sustainable_spending(retiree(), 0.9)
    assert (found.factor, found.reason) == (None, "success does not depend on spending")


def test_the_wealth_needed_is_the_smallest_that_succeeds() -> None:
    scenario = retiree(streams=LIVING, market=fixed(0.0))
    found = needed_wealth(scenario, 0.5)
    assert found.amount_real == pytest.approx(40_000 * 30, rel=2e-4)
    assert found.factor == pytest.approx(1.2, rel=2e-4)


def test_the_earliest_retirement_is_the_first_month_that_succeeds() -> None:
    found = earliest_retirement(retiree(**WORKING), 0.85)
    assert found.date is not None
    for months, succeeds in ((0, True), (-1, False)):
        at = {"date": found.date, "offset_months": months}
        success = simulate(retiree(**(WORKING | {"retirement": at}))).success
        assert (success.probability >= 0.85) is succeeds


def test_who_can_retire_now_is_told_so() -> None:
    found = earliest_retirement(retiree(streams=[spending(1_000)]), 0.9)
    assert (found.date, found.reason) == (
        dt.date(2026, 1, 1),
        "the plan's first month is early enough",
    )


def test_who_never_can_is_told_so() -> None:
    found = earliest_retirement(retiree(streams=[spending(500_000)]), 0.9)
    assert found.date is None
    assert found.reason == "even a retirement in the last year succeeds with 0.0%"


def test_a_wanted_probability_is_between_0_and_1() -> None:
    with pytest.raises(InputOutOfRange, match="confidence: given 90; allowed is between 0 and 1"):
        sustainable_spending(retiree(streams=LIVING), 90)


def test_a_comparison_is_paired_path_by_path() -> None:
    thrifty = retiree(name="thrifty", streams=[spending(40_000)], paths=2_000)
    lavish = retiree(name="lavish", streams=[spending(44_000)], paths=2_000)
    comparison = compare([thrifty, lavish])
    pair = comparison.pairs.row(0, named=True)
    assert pair["only_first_fails"] == 0
    assert pair["only_second_fails"] > 50
    assert pair["success_delta"] == -pair["only_second_fails"] / 2_000
    assert pair["success_delta_low"] < pair["success_delta"] < pair["success_delta_high"] < 0
    assert pair["p_value"] < 1e-9
    assert pair["second_wins"] == 0
    both = np.stack([one.outcome.wealth[-1] for one in comparison.simulations])
    assert pair["ties"] == (both == 0).all(axis=0).mean() > 0
    low, high = pair["wealth_delta_p50_real_low"], pair["wealth_delta_p50_real_high"]
    assert low <= pair["wealth_delta_p50_real"] <= high < 0
    assert pair["spending_p10_delta_real_low"] <= pair["spending_p10_delta_real_high"]
    assert comparison.fans["scenario"].unique(maintain_order=True).to_list() == [
        "thrifty",
        "lavish",
    ]


def test_a_scenario_ties_with_itself() -> None:
    twins = [retiree(name=name, streams=LIVING) for name in ("a", "b")]
    pair = compare(twins).pairs.row(0, named=True)
    assert (pair["ties"], pair["success_delta"], pair["p_value"]) == (1, 0, 1)


def test_the_order_of_scenarios_changes_no_result() -> None:
    rules = ("planned", "guyton_klinger", "floor_ceiling")
    scenarios = [retiree(name=kind, withdrawal={"kind": kind}, streams=LIVING) for kind in rules]
    forth, back = compare(scenarios), compare(scenarios[::-1])
    for one, other in zip(forth.simulations, back.simulations[::-1], strict=True):
        assert np.array_equal(one.outcome.wealth, other.outcome.wealth)
        assert one.success == other.success


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"currency": "USD"}, "currency: given EUR and USD; allowed is one for all scenarios"),
        ({"basis_year": 2025}, "basis_year: given 2025 and 2026"),
        ({"name": "Retired"}, "name: given Retired, Retired"),
        ({"market": fixed(0.03)}, "market: given 1 paths of other"),
    ],
)
def test_scenarios_that_cannot_be_compared_are_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InputOutOfRange, match=told):
        compare([retiree(), retiree(**({"name": "other"} | fields))])


def test_one_scenario_is_no_comparison() -> None:
    with pytest.raises(InputOutOfRange, match="scenarios: given 1; allowed is two or more"):
        compare([retiree()])


def test_uneven_failures_are_as_improbable_as_coins() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(0, 10) == pytest.approx(2 / 2**10)
    assert mcnemar(700, 600) == pytest.approx(0.006, abs=0.001)


def test_wilsons_interval_stays_within_0_and_1() -> None:
    assert wilson(0, 100) == (0, pytest.approx(0.036994, abs=1e-6))
    assert wilson(100, 100) == (pytest.approx(0.963006, abs=1e-6), 1)


def test_the_tornado_puts_what_matters_most_first() -> None:
    table = sensitivity(retiree(**WORKING))
    rows = {row["input"]: row for row in table.to_dicts()}
    assert table["swing"].to_list() == sorted(table["swing"], reverse=True)
    assert rows["spending"]["low"] > rows["spending"]["base"] > rows["spending"]["high"]
    assert rows["return"]["low"] < rows["return"]["base"] < rows["return"]["high"]
    assert rows["retirement"]["low"] < rows["retirement"]["high"]
    assert rows["inflation"]["swing"] == 0
    assert "contribution" not in rows


def test_the_tornado_can_be_of_the_retirement_date() -> None:
    table = sensitivity(retiree(**WORKING), measure="retirement", confidence=0.8)
    rows = {row["input"]: row for row in table.to_dicts()}
    assert rows["spending"]["low"] < rows["spending"]["base"] < rows["spending"]["high"]
    assert "retirement" not in rows


GRIDS: list[tuple[dict[str, Any], dict[str, list[Any]]]] = [
    (
        {"withdrawal": {"kind": "guyton_klinger", "initial_rate": 0.04}},
        {"/withdrawal/initial_rate": [0.04, 0.07], "/withdrawal/cut": [0.1, 0.2]},
    ),
    (
        {"withdrawal": {"kind": "guyton_klinger"}, "streams": LIVING},
        {"/streams/0/amount": [30_000, 70_000], "/fee": [0.0, 0.005]},
    ),
    (
        {"withdrawal": {"kind": "percent", "rate": 0.04}, "streams": LIVING},
        {"/withdrawal/rate": [0.03, 0.06], "/withdrawal/floor": [0, 35_000]},
    ),
    ({"streams": LIVING}, {"/streams/0/amount": [40_000, 55_000], "/people/0/end_age": [90, 95]}),
    (
        {"streams": LIVING, "taxes": {"taxable": 0.2}},
        {"/streams/0/amount": [40_000, 55_000], "/accounts/0/basis": [1e5, 1e6]},
    ),
    (
        {
            "streams": [spending(30_000), spending(20_000, name="Fun", need="discretionary")],
            "withdrawal": {"kind": "flex", "cuts": [{"drawdown": 0.2, "cut": 0.5}]},
        },
        {"/streams/1/amount": [10_000, 30_000], "/accounts/0/balance": [8e5, 1e6]},
    ),
]


@pytest.mark.parametrize(("fields", "axes"), GRIDS)
def test_a_grid_is_each_scenario_alone(fields: dict[str, Any], axes: dict[str, list[Any]]) -> None:
    parent = retiree(paths=1_200, **fields)
    table = grid(parent, axes)
    assert table["scenario_id"].n_unique() == table.height == 4
    for (chosen, scenario), row in zip(expanded(parent, axes), table.to_dicts(), strict=True):
        alone = simulate(scenario)
        assert {name: row[name] for name in axes} == chosen
        assert row["success"] == pytest.approx(alone.success.probability, abs=2 / 1_200)
        assert row["survival"] == pytest.approx(alone.survival.probability, abs=2 / 1_200)
        end = np.median(alone.outcome.wealth[-1])
        assert row["wealth_p50_real"] == pytest.approx(end, rel=1e-4, abs=10)
        spent = np.median(alone.outcome.spending.mean(axis=0))
        assert row["spending_p50_real"] == pytest.approx(spent, rel=1e-4)
    assert grid(parent, axes, threads=2).equals(table)


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ({}, "axes: given 0 scenarios; allowed is 1 to 2,000"),
        ({"/fee": [0.0] * 2_001}, "axes: given 2001 scenarios"),
        ({"/colour": [1]}, "axes: given /colour; allowed is a field: name, currency"),
        ({"/people/3/end_age": [1]}, "allowed is a JSON pointer into the scenario"),
    ],
)
def test_axes_that_lead_nowhere_are_refused(axes: dict[str, list[Any]], told: str) -> None:
    with pytest.raises(InputOutOfRange, match=told):
        expanded(retiree(), axes)


def test_a_value_of_an_axis_is_checked_like_any_other() -> None:
    with pytest.raises(ScenarioInvalid, match="fee: given 2; allowed is less than 1"):
        expanded(retiree(), {"/fee": [0.01, 2]})
