"""What a scenario may say, how it is told what is wrong, and the arrays it becomes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from planners import RISKY, fixed, income, retiree, spending
from pydantic import BaseModel

from tenet.errors import ScenarioInvalid
from tenet.planning import example, flows, household, markets, when, withdrawals
from tenet.planning.checks import warnings
from tenet.planning.compiling import compiled
from tenet.planning.scenario import Scenario, changed, parse, with_balances
from tenet.planning.simulation import simulate

FUND = [{"name": "Fund", "kind": "taxable", "balance": 1}]
TWO = {"log_mean": {"a": 0.1, "b": 0.1}, "log_sd": {"a": 0.1, "b": 0.1}}
HALVES = [{"weights": {"a": 0.5, "b": 0.5}}]

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an age below zero": (
        {"retirement": {"age": -1}},
        "retirement.age: given -1; allowed is greater than or equal to 0",
    ),
    "a birth after the start": (
        {"people": [{"name": "Kim", "born": "2027-01-01"}]},
        (
            "people[0].born: given 2027-01-01; allowed is at most the plan's start, 2026-01-01 "
            "(an age is not negative)"
        ),
    ),
    "weights that are not whole": (
        {"allocation": [{"weights": {"fund": 0.9}}]},
        "allocation[0].weights: given a sum of 0.9; allowed is 1",
    ),
    "an asset that the market lacks": (
        {"allocation": [{"weights": {"gold": 1}}]},
        "allocation[0].weights: given 'gold'; allowed are the market's fund",
    ),
    "a goal before the start": (
        {"goals": [{"name": "g", "kind": "net_worth", "amount": 1, "by": {"date": "2025-12-01"}}]},
        "goals[0].by: given 2025-12-01; allowed is from 2026-01-01 to 2056-01-01",
    ),
    "an event after the end": (
        {"events": [{"name": "e", "at": {"date": "2056-01-01"}, "one_off": -1}]},
        "events[0].at: given 2056-01-01; allowed is from 2026-01-01 to 2055-12-01",
    ),
    "an unknown account": (
        {"streams": [{"name": "s", "kind": "contribution", "amount": 1, "account": "No"}]},
        "streams[0].account: given 'No'; allowed is one of Fund",
    ),
    "an unknown milestone": (
        {"streams": [spending(1, start={"milestone": "No"})]},
        "streams[0].start.milestone: given 'No'; allowed is one of start, retirement, end",
    ),
    "an unknown person": (
        {"retirement": {"age": 66, "person": "No"}},
        "retirement.person: given 'No'; allowed is one of Kim",
    ),
    "milestones in a circle": (
        {
            "milestones": [
                {"name": "a", "at": {"milestone": "b"}},
                {"name": "b", "at": {"milestone": "a"}},
            ]
        },
        "milestones[0].at.milestone: a > b > a goes in a circle",
    ),
    "an end before the start of a stream": (
        {"streams": [spending(1, start={"date": "2030-01-01"}, end={"date": "2029-01-01"})]},
        "streams[0].end: given 2029-01-01; allowed is at or after its start, 2030-01-01",
    ),
    "a time that is two times": (
        {"retirement": {"age": 66, "date": "2027-01-01"}},
        "retirement: given date and age; allowed is exactly one of date, age, milestone",
    ),
    "a time that is none": (
        {"retirement": {"offset_months": 3}},
        "retirement: given nothing; allowed is exactly one of date, age, milestone",
    ),
    "a plan of no year": (
        {"end": {"date": "2026-06-01"}},
        "end: given 5 months after the start (2026-06-01); allowed is 1 to 100 years",
    ),
    "a plan of more than a hundred years": (
        {"end": {"date": "2126-02-01"}},
        "end: given 1201 months after the start (2126-02-01); allowed is 1 to 100 years",
    ),
    "a retirement after the end": (
        {"retirement": {"age": 120}},
        "retirement: given 2081-01-01; allowed is from 2026-01-01 to before the end, 2056-01-01",
    ),
    "a correlation above one": (
        {
            "market": {"kind": "lognormal", **TWO, "correlation": [[1, 1.2], [1.2, 1]]},
            "allocation": HALVES,
        },
        (
            "market.lognormal.correlation: given has the eigenvalue -0.2; "
            "allowed is a matrix without negative ones"
        ),
    ),
    "a correlation that is not symmetric": (
        {
            "market": {"kind": "lognormal", **TWO, "correlation": [[1, 0.2], [0.1, 1]]},
            "allocation": HALVES,
        },
        "market.lognormal.correlation: given is not symmetric; allowed is a symmetric matrix",
    ),
    "a correlation of another size": (
        {"market": RISKY | {"correlation": [[1, 0], [0, 1]]}},
        "market.lognormal.correlation: given rows of [2, 2]; allowed is 1 by 1",
    ),
    "a floor above the ceiling": (
        {"withdrawal": {"kind": "percent", "floor": 2, "ceiling": 1}},
        "withdrawal.percent.floor: given 2 above the ceiling 1; allowed is at most the ceiling",
    ),
    "two accounts of one name": (
        {"accounts": FUND * 2},
        "accounts: given the name 'Fund' 2 times; allowed is once",
    ),
    "nothing to spend from": (
        {"accounts": [{"name": "House", "kind": "property", "balance": 1}]},
        "accounts: given none to spend from; allowed is one of kind cash, taxable, deferred, free",
    ),
    "an account of unknown balance": (
        {"accounts": [{"name": "Fund", "kind": "cash"}]},
        "accounts[0].balance: given nothing; allowed is a balance or an account_id",
    ),
    "a market that there is not": (
        {"market": {"kind": "oracle"}},
        (
            "market: given {'kind': 'oracle'}; allowed is one of "
            "'fixed', 'lognormal', 'student_t', 'history', 'bootstrap'"
        ),
    ),
    "a date before all calendars": (
        {"retirement": {"date": "0001-01-01", "offset_months": -1200}},
        "retirement: given 0001-01-01; allowed is from 2026-01-01 to before the end, 2056-01-01",
    ),
    "a field that there is not": (
        {"colour": "red"},
        "colour: given 'red'; no such field is allowed",
    ),
    "an order that leaves a kind out": (
        {"taxes": {"order": ["cash", "taxable", "free", "free"]}},
        (
            "taxes.order: given cash, taxable, free, free; "
            "allowed is each of cash, taxable, deferred, free once"
        ),
    ),
    "glide points out of order": (
        {"allocation": [{"weights": {"fund": 1}}, {"weights": {"fund": 1}}]},
        "allocation[1].at: given 2026-01-01; allowed is after the point before it, 2026-01-01",
    ),
    "a block shorter than a year": (
        {"market": {"kind": "bootstrap", "columns": {"fund": "x"}, "block_months": 6}},
        "market.bootstrap.block_months: given 6; allowed is a multiple of 12",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_scenario_is_told_field_given_and_allowed(name: str) -> None:
    fields, told = REFUSED[name]
    with pytest.raises(ScenarioInvalid) as caught:
        retiree(**fields)
    assert told in caught.value.problems


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ScenarioInvalid) as caught:
        retiree(streams=[spending(-1), spending(1, colour="red")], fee=2)
    assert len(caught.value.problems) == 3


def test_what_is_no_document_is_told_so() -> None:
    with pytest.raises(ScenarioInvalid, match="scenario: given"):
        parse([])  # type: ignore[arg-type]


def test_a_missing_field_is_named() -> None:
    with pytest.raises(ScenarioInvalid, match="currency: given nothing; this field is needed"):
        parse({name: value for name, value in example.DOCUMENT.items() if name != "currency"})


def test_every_number_says_its_unit() -> None:
    parts = [
        model
        for module in (when, household, flows, markets, withdrawals)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
    ]
    bare = [
        f"{model.__name__}.{name}"
        for model in [*parts, Scenario]
        for name, field in model.model_fields.items()
        if ("float" in str(field.annotation) or "int" in str(field.annotation))
        and not field.description
    ]
    assert bare == []


def test_a_scenario_survives_json() -> None:
    scenario = example.example()
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


def test_balances_of_tenet_accounts_are_filled_in() -> None:
    accounts = [
        {"name": "Broker", "kind": "taxable", "account_id": "ibkr:1"},
        {"name": "Cash", "kind": "cash", "balance": 5, "account_id": "bank:1"},
    ]
    scenario = retiree(accounts=accounts)
    with pytest.raises(ScenarioInvalid, match=r"accounts\[0\].balance: given nothing yet"):
        compiled(scenario)
    filled = with_balances(scenario, {"ibkr:1": 7.5, "bank:1": 99.0})
    assert [one.balance for one in filled.accounts] == [7.5, 5]
    with pytest.raises(ScenarioInvalid, match="given 'ibkr:1'; allowed is bank:1"):
        with_balances(scenario, {"bank:1": 1.0})


def test_moving_a_milestone_moves_all_that_follows() -> None:
    scenario = example.example()
    later = changed(scenario, retirement={"age": 62, "person": "Robin"})
    before, after = compiled(scenario), compiled(later)
    assert after.retirement - before.retirement == 24
    assert (after.flows.income > 0).sum() == (before.flows.income > 0).sum() + 24
    assert after.weights[240, 0] > before.weights[240, 0]


def test_an_offset_counts_months_after_the_anchor() -> None:
    at = {"milestone": "retirement", "offset_months": 6}
    scenario = retiree(retirement={"age": 66}, streams=[spending(12, start=at)])
    flow = compiled(scenario).flows.essential
    assert flow[:18].sum() == 0
    assert flow[18:30].tolist() == [1.0] * 12


def test_growth_is_on_top_of_inflation_and_yearly() -> None:
    flow = compiled(retiree(streams=[spending(12, growth=0.1)])).flows.essential
    assert flow[[0, 11, 12, 24]] == pytest.approx([1, 1, 1.1, 1.21])


def test_a_nominal_amount_loses_what_prices_gain() -> None:
    scenario = retiree(streams=[spending(12, basis="nominal")], inflation={"rate": 0.02})
    flow = compiled(scenario).flows.essential
    assert flow[[0, 12, 120]] == pytest.approx([1, 1 / 1.02, 1 / 1.02**10])


def test_money_of_an_earlier_basis_year_is_less_of_it() -> None:
    scenario = retiree(basis_year=2024, inflation={"rate": 0.02}, balance=1_040_400)
    assert compiled(scenario).buckets.balance.tolist() == pytest.approx([1_000_000])


def test_weights_move_in_a_straight_line_between_points() -> None:
    points = [
        {"weights": {"a": 1, "b": 0}},
        {"at": {"date": "2036-01-01"}, "weights": {"a": 0, "b": 1}},
    ]
    plan = compiled(retiree(market={"kind": "lognormal", **TWO}, allocation=points))
    assert plan.weights[[0, 60, 120, 300]].tolist() == [[1, 0], [0.5, 0.5], [0, 1], [0, 1]]


def test_a_debt_is_paid_off_and_no_more() -> None:
    debt = {"name": "Loan", "kind": "debt", "balance": 1200, "payment": 1200, "interest": 0}
    plan = compiled(retiree(accounts=[*FUND, debt], inflation={"rate": 0}))
    assert plan.flows.essential.sum() == pytest.approx(1200)
    assert plan.debt_nominal[[0, 6, 12, 13]].tolist() == pytest.approx([1200, 600, 0, 0])


def test_accounts_are_kept_apart_only_where_taxes_do() -> None:
    accounts = [
        {"name": name, "kind": name, "balance": 10} for name in ("cash", "taxable", "deferred")
    ]
    assert compiled(retiree(accounts=accounts)).buckets.names == ("cash+taxable+deferred",)
    taxed = compiled(retiree(accounts=accounts, taxes={"deferred": 0.2})).buckets
    assert taxed.names == ("cash+taxable", "deferred")
    assert (
        compiled(retiree(accounts=accounts), keeps_kinds=True).buckets.balance.tolist() == [10] * 3
    )


def test_high_returns_and_few_paths_are_warned_of_not_refused() -> None:
    found = warnings(retiree(market=RISKY | {"log_mean": {"fund": 0.09}}, paths=50))
    assert [line.split(":")[0] for line in found] == ["market", "paths"]
    assert warnings(retiree(paths=1_000)) == []


def test_a_plan_ends_with_a_whole_year() -> None:
    plan = compiled(retiree(end={"date": "2027-02-01"}, market=fixed(0.0)))
    assert plan.years == 2


def test_a_month_of_income_before_the_plan_is_not_counted() -> None:
    since = {"date": dt.date(2020, 5, 1)}
    plan = compiled(retiree(streams=[income(12, start=since, growth=0.1)]))
    assert plan.flows.income[0] == 1.0


def test_the_example_can_be_simulated() -> None:
    assert 0.5 < simulate(example.example(paths=200)).success.probability < 1
