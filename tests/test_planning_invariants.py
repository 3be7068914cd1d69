"""What must hold for any plan: scaling, splitting, deflating, and two walks that agree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planners import RISKY, fixed, income, retiree, spending

from tenet.planning import buckets_walk, formulas
from tenet.planning.compiling import compiled
from tenet.planning.draws import drawn
from tenet.planning.projection import projection
from tenet.planning.simulation import simulate
from tenet.planning.walk import single_walk

if TYPE_CHECKING:
    from tenet.planning.scenario import Scenario

RULES: list[dict[str, Any]] = [
    {"kind": "planned"},
    {"kind": "constant", "rate": 0.05},
    {"kind": "percent", "rate": 0.05, "floor": 20_000, "ceiling": 90_000},
    {"kind": "floor_ceiling"},
    {"kind": "vpw", "equity": ["fund"]},
    {"kind": "guyton_klinger"},
    {"kind": "guyton_klinger", "initial_rate": 0.05, "inflation_cap": 0.02},
    {"kind": "dynamic", "rate": 0.05},
    {"kind": "cape", "cape": 25},
    {"kind": "flex", "cuts": [{"drawdown": 0.1, "cut": 0.5}, {"drawdown": 0.25, "cut": 1}]},
]
NAMES = [rule["kind"] + (" with a rate" if "initial_rate" in rule else "") for rule in RULES]
each_rule = pytest.mark.parametrize("rule", RULES, ids=NAMES)
few = settings(max_examples=15, deadline=None)
rates = st.floats(-0.02, 0.08)


def household(rule: dict[str, Any], scale: float = 1.0, **fields: Any) -> Scenario:
    """Ten years of saving, then a rule; a pension, an inheritance, and a car in between."""
    return retiree(
        **{
            "balance": 500_000 * scale,
            "retirement": {"date": "2035-05-01"},
            "streams": [
                spending(30_000 * scale),
                spending(20_000 * scale, name="Travel", need="discretionary"),
                income(70_000 * scale, name="Pay", end={"milestone": "retirement"}),
                income(15_000 * scale, start={"date": "2042-03-01"}),
            ],
            "events": [
                {"name": "Car", "at": {"date": "2030-02-01"}, "one_off": -30_000 * scale},
                {"name": "Legacy", "at": {"date": "2048-08-01"}, "one_off": 50_000 * scale},
            ],
            "withdrawal": rule,
            "paths": 300,
        }
        | fields
    )


@each_rule
@given(k=st.sampled_from([0.5, 2.0, 8.0]))
@settings(max_examples=3, deadline=None)
def test_money_scales(rule: dict[str, Any], k: float) -> None:
    scaled = rule | {
        bound: rule[bound] * k for bound in ("floor", "ceiling") if rule.get(bound, 0) > 2
    }
    one, other = simulate(household(rule)), simulate(household(scaled, k))
    assert one.success == other.success
    assert other.outcome.wealth == pytest.approx(one.outcome.wealth * k, rel=1e-9, abs=1e-3)
    assert other.outcome.spending == pytest.approx(one.outcome.spending * k, rel=1e-9, abs=1e-3)


@given(rate=rates, balance=st.floats(1e3, 1e7), share=st.floats(0, 0.03), years=st.integers(2, 60))
@few
def test_without_chance_wealth_is_the_closed_form(
    rate: float, balance: float, share: float, years: int
) -> None:
    paid = share * balance / 12
    scenario = retiree(years, balance, market=fixed(rate), streams=[spending(12 * paid)])
    end = simulate(scenario).outcome.wealth[-1, 0]
    expected = formulas.future_value_monthly(balance, -paid, rate, 12 * years, "start")
    assert end == pytest.approx(max(expected, 0), rel=1e-9, abs=1e-4 * balance * 1e-4)


@given(rate=rates, years=st.integers(2, 50))
@few
def test_no_volatility_is_no_chance(rate: float, years: int) -> None:
    law = {"log_mean": {"fund": float(np.log1p(rate))}, "log_sd": {"fund": 0}}
    streams = [spending(30_000)]
    random = retiree(years, market={"kind": "lognormal", **law}, streams=streams, paths=3)
    end = simulate(random).outcome.wealth[-1]
    certain = simulate(retiree(years, market=fixed(rate), streams=streams)).outcome.wealth[-1]
    assert end == pytest.approx(np.full(3, certain[0]), rel=1e-9, abs=1e-3)


def test_without_withdrawals_wealth_is_the_product_of_growth() -> None:
    simulation = simulate(retiree())
    product = simulation.draws.growth.astype(np.float64).prod(axis=0)
    assert simulation.outcome.wealth[-1] == pytest.approx(1_000_000 * product, rel=2e-6)


@given(low=st.floats(0.01, 0.08), more=st.floats(0, 0.03))
@few
def test_more_spending_never_helps_a_path(low: float, more: float) -> None:
    thrifty, lavish = (
        simulate(retiree(withdrawal={"kind": "constant", "rate": rate}))
        for rate in (low, low + more)
    )
    assert (lavish.is_safe <= thrifty.is_safe).all()
    assert (lavish.outcome.wealth <= thrifty.outcome.wealth * (1 + 1e-9) + 1e-6).all()


@each_rule
def test_the_fan_is_ordered(rule: dict[str, Any]) -> None:
    lines = simulate(household(rule)).fan.select(pl.selectors.starts_with("p")).to_numpy()
    assert (np.diff(lines, axis=1) >= 0).all()


@given(inflation=st.floats(0, 0.08), rule=st.sampled_from(RULES[:3] + RULES[7:]))
@few
def test_a_nominal_market_deflated_is_a_real_one(inflation: float, rule: dict[str, Any]) -> None:
    nominal = RISKY | {"log_mean": {"fund": 0.04 + float(np.log1p(inflation))}, "basis": "nominal"}
    fields = {"inflation": {"rate": inflation}}
    real = simulate(household(rule, **fields)).outcome.wealth
    deflated = simulate(household(rule, **fields, market=nominal)).outcome.wealth
    assert np.median(deflated, axis=1) == pytest.approx(np.median(real, axis=1), rel=1e-3, abs=5)


def test_a_ruined_path_stays_at_zero() -> None:
    simulation = simulate(retiree(withdrawal={"kind": "constant", "rate": 0.08}))
    ruined = np.flatnonzero(simulation.outcome.empty_step < 360)
    assert 50 < len(ruined) < 450
    for path in ruined:
        year = simulation.outcome.empty_step[path] // 12
        assert (simulation.outcome.wealth[year + 1 :, path] == 0).all()


@given(rate=st.floats(-0.02, 0.05), share=st.floats(0.05, 0.2))
@few
def test_ruin_comes_in_the_first_month_that_cannot_be_paid(rate: float, share: float) -> None:
    rule = {"kind": "constant", "rate": share}
    simulation = simulate(retiree(60, market=fixed(rate), withdrawal=rule))
    monthly = formulas.monthly_rate(rate)
    months = formulas.depletion_years(1, share / 12, monthly, "start")
    expected = 720 if months is None else min(int(months + 1e-9), 720)
    assert simulation.outcome.empty_step[0] == expected


@given(rate=st.floats(0, 0.5))
@few
def test_a_percentage_never_ruins(rate: float) -> None:
    simulation = simulate(retiree(withdrawal={"kind": "percent", "rate": rate}))
    assert (simulation.outcome.wealth > 0).all()
    assert simulation.success.probability == 1


@each_rule
def test_a_disabled_stream_changes_nothing(rule: dict[str, Any]) -> None:
    scenario = household(rule)
    idle = scenario.streams[0].model_copy(update={"name": "Idle", "enabled": False})
    more = scenario.model_copy(update={"streams": (*scenario.streams, idle)})
    assert np.array_equal(simulate(scenario).outcome.wealth, simulate(more).outcome.wealth)


@each_rule
def test_two_halves_of_a_stream_are_the_stream(rule: dict[str, Any]) -> None:
    scenario = household(rule)
    first = scenario.streams[0]
    halves = [
        first.model_copy(update={"name": name, "amount": first.amount / 2}) for name in ("a", "b")
    ]
    split = scenario.model_copy(update={"streams": (*halves, *scenario.streams[1:])})
    one, other = simulate(scenario), simulate(split)
    assert one.success == other.success
    assert other.outcome.wealth == pytest.approx(one.outcome.wealth, rel=1e-9, abs=1e-6)


@each_rule
@pytest.mark.parametrize("timing", ["start", "end"])
@pytest.mark.parametrize("step", ["month", "year"])
def test_both_walks_agree_where_both_apply(rule: dict[str, Any], timing: str, step: str) -> None:
    columns = {"fund": "fund"}
    market = {"kind": "history", "columns": columns, "wrap": True}
    scenario = household(rule, timing=timing, step=step, market=market)
    plan = compiled(scenario)
    draws = drawn(scenario, plan, HISTORY)
    fast, slow = single_walk(plan, draws), buckets_walk.walked(plan, draws)
    assert fast.wealth == pytest.approx(slow.wealth, rel=1e-9, abs=1e-4)
    assert fast.spending == pytest.approx(slow.spending, rel=1e-9, abs=1e-4)
    assert np.array_equal(fast.short_step, slow.short_step)
    assert np.array_equal(fast.empty_step, slow.empty_step)


@each_rule
@pytest.mark.parametrize("timing", ["start", "end"])
def test_nominal_money_meets_the_prices_of_its_path(rule: dict[str, Any], timing: str) -> None:
    market = {"kind": "history", "columns": {"fund": "fund"}, "wrap": True}
    rent = spending(6_000, name="Rent", basis="nominal")
    scenario = household(rule, timing=timing, market=market)
    scenario = scenario.model_copy(
        update={"streams": (*scenario.streams, type(scenario.streams[0]).model_validate(rent))}
    )
    plan = compiled(scenario)
    draws = drawn(scenario, plan, HISTORY)
    assert plan.flows_nominal is not None
    fast, slow = single_walk(plan, draws), buckets_walk.walked(plan, draws)
    assert fast.wealth == pytest.approx(slow.wealth, rel=1e-9, abs=1e-4)
    assert fast.spending == pytest.approx(slow.spending, rel=1e-9, abs=1e-4)
    assert np.array_equal(fast.empty_step, slow.empty_step)


def test_a_nominal_payment_shrinks_by_the_prices_of_each_path() -> None:
    market = {"kind": "history", "columns": {"fund": "fund"}}
    scenario = retiree(2, market=market, step="year", streams=[spending(1_000, basis="nominal")])
    spent = simulate(scenario, HISTORY).outcome.spending
    assert spent[0] == pytest.approx(np.full(39, 1_000))
    assert spent[1, :3] == pytest.approx([1_000 / 1.03, 1_000 / 1.05, 1_000 / 1.01])


@each_rule
def test_single_precision_changes_no_verdict(rule: dict[str, Any]) -> None:
    scenario = household(rule, market=RISKY)
    plan = compiled(scenario)
    draws = drawn(scenario, plan)
    exact = replace(draws, growth=draws.growth.astype(np.float64))
    one, other = single_walk(plan, draws), single_walk(plan, exact)
    assert (one.short_step != other.short_step).mean() <= 0.004
    assert np.median(one.wealth[-1]) == pytest.approx(np.median(other.wealth[-1]), rel=2e-5)


HISTORY = pl.DataFrame(
    {
        "year": range(1990, 2030),
        "fund": [0.09, -0.24, 0.31, 0.05, 0.12, -0.08, 0.02, 0.19] * 5,
        "inflation": [0.03, 0.05, 0.01, 0.02, 0.04, 0.09, -0.01, 0.02] * 5,
    }
)
TAXED = {
    "accounts": [
        {"name": "Cash", "kind": "cash", "balance": 50_000, "growth": 0.0},
        {"name": "Broker", "kind": "taxable", "balance": 300_000, "basis": 150_000},
        {"name": "Pension plan", "kind": "deferred", "balance": 200_000},
    ],
    "taxes": {"taxable": 0.25, "deferred": 0.2},
}


@each_rule
def test_the_year_table_adds_up(rule: dict[str, Any]) -> None:
    table = projection(household(rule, **TAXED))
    for basis in ("real", "nominal"):
        before = table[f"wealth_{basis}"].shift(1, fill_value=550_000.0)
        paid = table[f"saved_{basis}"] - table[f"withdrawals_{basis}"]
        after = before + paid + table[f"growth_{basis}"]
        assert after.to_numpy() == pytest.approx(table[f"wealth_{basis}"].to_numpy(), abs=1e-4)
    taxes = sum(table[f"tax_{kind}_real"] for kind in ("cash", "taxable", "deferred"))
    assert taxes.to_numpy() == pytest.approx(table["tax_real"].to_numpy(), abs=1e-6)


def test_taxes_only_cost() -> None:
    taxed = simulate(household(RULES[0], **TAXED))
    free = simulate(household(RULES[0], **(TAXED | {"taxes": {}})))
    assert (taxed.outcome.wealth <= free.outcome.wealth + 1e-6).all()
    assert taxed.outcome.tax.sum() > 0


def test_a_withdrawal_from_a_deferred_account_is_grossed_up() -> None:
    accounts = [{"name": "Plan", "kind": "deferred", "balance": 100_000}]
    scenario = retiree(
        accounts=accounts, taxes={"deferred": 0.2}, market=fixed(0), streams=[spending(8_000)]
    )
    year = projection(scenario).row(0, named=True)
    assert year["withdrawals_real"] == pytest.approx(10_000)
    assert year["tax_deferred_real"] == pytest.approx(2_000)
    assert year["wealth_real"] == pytest.approx(90_000)


def test_only_the_gain_of_a_taxable_account_is_taxed() -> None:
    accounts = [{"name": "Broker", "kind": "taxable", "balance": 100_000, "basis": 60_000}]
    scenario = retiree(
        accounts=accounts,
        taxes={"taxable": 0.25},
        market=fixed(0),
        streams=[spending(9_000)],
        inflation={"rate": 0},
    )
    year = projection(scenario).row(0, named=True)
    assert year["withdrawals_real"] == pytest.approx(10_000)
    assert year["tax_taxable_real"] == pytest.approx(1_000)
