"""Same seed, same bits, however it is computed; and what a simulation says of its paths."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from planners import RISKY, fixed, income, retiree, spending

from tenet import resources
from tenet.errors import InputOutOfRange, ReturnsRefused
from tenet.planning.example import example
from tenet.planning.paths import failure_traits, path_rows, regenerated
from tenet.planning.projection import projection
from tenet.planning.simulation import simulate

RETURNS = pl.read_csv(resources.folder("data") / "annual_returns.csv")
COLUMNS = {"stocks": "sp500_tr", "bonds": "tnote_10y_tr", "bills": "tbill_3m"}
MARKETS: dict[str, dict[str, Any]] = {
    "lognormal": example().market.model_dump(),
    "student_t": example().market.model_dump() | {"kind": "student_t", "degrees_of_freedom": 4},
    "bootstrap": {"kind": "bootstrap", "columns": COLUMNS, "block_months": 36},
    "history": {"kind": "history", "columns": COLUMNS, "wrap": True},
}
SPENDING = [spending(45_000)]
each_market = pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)


@pytest.mark.parametrize("kind", ["lognormal", "student_t", "bootstrap"])
def test_fewer_paths_are_the_first_of_more(kind: str) -> None:
    scenario = example(market=MARKETS[kind])
    few = simulate(scenario, RETURNS, paths=1_500).outcome
    many = simulate(scenario, RETURNS, paths=3_000).outcome
    assert np.array_equal(few.wealth, many.wealth[:, :1_500])
    assert np.array_equal(few.spending, many.spending[:, :1_500])
    assert np.array_equal(few.short_step, many.short_step[:1_500])


@each_market
def test_threads_change_nothing(market: dict[str, Any]) -> None:
    scenario = example(market=market, paths=3_500)
    one, three = (simulate(scenario, RETURNS, threads=count) for count in (1, 3))
    assert np.array_equal(one.outcome.wealth, three.outcome.wealth)
    assert one.fan.equals(three.fan)


@pytest.mark.parametrize("kind", ["lognormal", "student_t", "bootstrap"])
def test_a_longer_plan_begins_as_the_shorter_one(kind: str) -> None:
    def until(date: str) -> Any:
        return simulate(example(market=MARKETS[kind], paths=700, end={"date": date}), RETURNS)

    shorter, longer = until("2056-01-01").outcome, until("2086-01-01").outcome
    assert np.array_equal(shorter.wealth, longer.wealth[:31])


@each_market
def test_the_same_seed_is_the_same_to_the_bit(market: dict[str, Any]) -> None:
    scenario = example(market=market, paths=300)
    one, other = simulate(scenario, RETURNS), simulate(scenario, RETURNS)
    assert np.array_equal(one.outcome.wealth, other.outcome.wealth)


def test_another_seed_is_another_future() -> None:
    one, other = (simulate(retiree(), seed=seed) for seed in (1, 2))
    assert not np.array_equal(one.outcome.wealth, other.outcome.wealth)


@each_market
def test_kept_draws_give_what_new_ones_would(market: dict[str, Any]) -> None:
    scenario = example(market=market, paths=1_200)
    kept = simulate(scenario, RETURNS).draws
    changed = scenario.model_copy(update={"fee": 0.01, "streams": scenario.streams[:3]})
    what_if, anew = simulate(changed, RETURNS, kept=kept), simulate(changed, RETURNS)
    assert np.shares_memory(what_if.draws.growth, kept.growth)
    assert np.array_equal(what_if.outcome.wealth, anew.outcome.wealth)


def test_draws_of_another_market_seed_or_mix_are_not_used() -> None:
    kept = simulate(example(paths=100)).draws
    other_mix = [{"weights": {"stocks": 0.5, "bonds": 0.5, "bills": 0}}]
    for other in (
        example(paths=100, seed=2),
        example(paths=100, allocation=other_mix),
        example(paths=101),
        example(paths=100, market=MARKETS["student_t"]),
    ):
        assert not np.shares_memory(simulate(other, kept=kept).draws.growth, kept.growth)


def test_a_history_has_a_path_for_each_year_that_lasts() -> None:
    market = {"kind": "history", "columns": {"fund": "sp500_tr"}}
    simulation = simulate(retiree(30, market=market, streams=SPENDING), RETURNS)
    assert simulation.draws.starts is not None
    assert simulation.draws.starts.tolist() == list(range(1928, 1997))
    assert simulation.success.paths == 69
    failed = simulation.draws.starts[~simulation.is_safe].tolist()
    assert {1929, 1966} <= set(failed)


def test_a_bootstrap_takes_whole_years_in_order() -> None:
    market = {"kind": "bootstrap", "columns": {"fund": "sp500_tr"}, "block_months": 24}
    simulation = simulate(retiree(10, market=market, paths=50, step="year"), RETURNS)
    real = ((1 + RETURNS["sp500_tr"]) / (1 + RETURNS["inflation"])).to_numpy()
    growth = simulation.draws.growth
    place = np.abs(real[:, None, None] - growth[None]).argmin(axis=0)
    assert np.abs(real[place] - growth).max() < 1e-6
    assert ((place[1::2] - place[::2]) % len(real) == 1).all()


def test_the_tails_of_student_are_fatter_and_as_wide() -> None:
    law = RISKY | {"log_mean": {"fund": 0.0}}
    growth = simulate(retiree(20, market=law | {"kind": "student_t"}, paths=5_000)).draws.growth
    logs = np.log(growth.astype(np.float64))
    assert logs.std() == pytest.approx(0.15 / np.sqrt(12), rel=0.01)
    assert (np.abs(logs) > 4 * logs.std()).mean() > 1e-3


def test_assets_are_correlated_as_asked() -> None:
    law = {
        "log_mean": {"a": 0.0, "b": 0.0},
        "log_sd": {"a": 0.2, "b": 0.1},
        "correlation": [[1, -0.6], [-0.6, 1]],
    }
    market = {"kind": "lognormal", **law}

    def logs(weights: dict[str, float]) -> Any:
        scenario = retiree(20, market=market, allocation=[{"weights": weights}], paths=2_000)
        return np.log(simulate(scenario).draws.growth.astype(np.float64)).ravel()

    both = np.corrcoef(logs({"a": 1, "b": 0}), logs({"a": 0, "b": 1}))
    assert both[0, 1] == pytest.approx(-0.6, abs=0.01)


def test_perfectly_correlated_assets_move_as_one() -> None:
    law = {"log_mean": {"a": 0.0, "b": 0.0}, "log_sd": {"a": 0.2, "b": 0.2}}
    market = {"kind": "lognormal", **law, "correlation": [[1, 1], [1, 1]]}
    ends = [
        simulate(retiree(market=market, allocation=[{"weights": weights}])).outcome.wealth[-1]
        for weights in ({"a": 1, "b": 0}, {"a": 0, "b": 1})
    ]
    assert ends[0] == pytest.approx(ends[1], rel=1e-5)


def test_success_is_told_with_its_error_and_interval() -> None:
    success = simulate(retiree(streams=SPENDING, paths=2_000)).success
    p = success.probability
    assert success.standard_error == pytest.approx((p * (1 - p) / 2_000) ** 0.5)
    assert 0.5 < success.low < p < success.high < 1


def test_essential_spending_comes_before_discretionary() -> None:
    streams = [spending(20_000), spending(60_000, name="Travel", need="discretionary")]
    pension = income(20_000)
    both = simulate(retiree(60, streams=[*streams, pension]))
    assert both.success.probability == 1
    assert both.survival.probability < 0.2
    assert both.outcome.spending[-1].min() == pytest.approx(20_000)


def test_a_rule_that_allows_less_than_the_essential_fails() -> None:
    rule = {"kind": "percent", "rate": 0.03}
    simulation = simulate(retiree(withdrawal=rule, streams=SPENDING))
    assert simulation.success.probability == 0
    assert simulation.survival.probability == 1


def test_depletion_counts_each_failed_path_once() -> None:
    simulation = simulate(retiree(streams=[spending(70_000)]))
    failed = simulation.outcome.paths - int(simulation.is_safe.sum())
    assert simulation.depletion["short_paths"].sum() == failed
    assert simulation.depletion.height == 30
    assert simulation.depletion["short_share"].sum() == pytest.approx(failed / 500)


def test_who_may_die_earlier_is_more_often_safe() -> None:
    kim = {"name": "Kim", "born": "1961-01-01", "end_age": 105}
    fields = {"streams": [spending(55_000)], "paths": 2_000}
    certain = simulate(retiree(people=[kim], **fields))
    mortal = simulate(retiree(people=[kim | {"mortality": {}}], **fields))
    assert np.array_equal(certain.outcome.wealth, mortal.outcome.wealth)
    assert mortal.success.probability > certain.success.probability + 0.1
    lived = (mortal.lived >= 20 * 12).mean()
    assert lived == pytest.approx(0.5333, abs=4 * (0.25 / 2_000) ** 0.5)


def test_each_goal_has_its_probability() -> None:
    scenario = retiree(
        streams=SPENDING,
        goals=[
            {"name": "now", "kind": "retire", "by": {"milestone": "start"}},
            {"name": "million", "kind": "net_worth", "amount": 1e6, "by": {"date": "2036-01-01"}},
            {"name": "heirs", "kind": "legacy", "amount": 1, "priority": 2},
            {"name": "floor", "kind": "spending_floor", "amount": 45_000, "priority": 3},
            {
                "name": "boat",
                "kind": "purchase",
                "amount": 50_000,
                "by": {"date": "2030-06-01"},
                "priority": 4,
            },
        ],
    )
    simulation = simulate(scenario)
    table = simulation.goals
    found = dict(zip(table["goal"], table["probability"], strict=True))
    assert table["goal"].to_list() == ["million", "now", "heirs", "floor", "boat"]
    assert found["now"] == found["floor"] == simulation.success.probability
    assert found["heirs"] == simulation.survival.probability
    assert found["million"] == (simulation.outcome.wealth[10] >= 1e6).mean()
    assert found["boat"] == 1
    assert table["is_met"].to_list() == [p >= 0.9 for p in table["probability"]]


def test_real_and_nominal_fans_differ_by_the_price_level() -> None:
    simulation = simulate(retiree(streams=SPENDING))
    ratio = simulation.fan_nominal["p50_nominal"] / simulation.fan["p50_real"]
    wealth = ratio.head(31).to_numpy()
    assert wealth == pytest.approx(1.025 ** np.arange(31))
    assert set(simulation.fan["series"]) == {"wealth", "spending"}
    assert simulation.fan["basis_year"].unique().to_list() == [2026]


@each_market
def test_a_path_comes_back_from_the_seed_as_rows(market: dict[str, Any]) -> None:
    scenario = example(market=market, paths=1_200)
    simulation = simulate(scenario, RETURNS)
    numbers = [90, 3]
    rows = path_rows(simulation, numbers)
    assert rows["path"].unique(maintain_order=True).to_list() == numbers
    for path in numbers:
        of_path = rows.filter(pl.col("path") == path)
        wealth = of_path["wealth_real"].gather_every(12).to_numpy()
        assert wealth == pytest.approx(simulation.outcome.wealth[:-1, path], rel=1e-5)
        spent = of_path.group_by("year", maintain_order=True).agg(pl.col("spending_real").sum())
        yearly = spent["spending_real"].to_numpy()
        assert yearly == pytest.approx(simulation.outcome.spending[:, path], rel=1e-5)
    if market["kind"] != "history":
        assert regenerated(scenario, numbers, RETURNS).equals(rows)


def test_failing_paths_had_a_worse_first_decade() -> None:
    simulation = simulate(retiree(streams=[spending(50_000)], paths=2_000))
    decade, _, drawdown, inflation = failure_traits(simulation).to_dicts()
    assert decade["failed_p50"] < decade["others_p50"] - 0.02
    assert drawdown["failed_p50"] > drawdown["others_p50"]
    assert inflation["failed_p50"] == pytest.approx(0.025)
    assert decade["failed_paths"] + decade["others_paths"] == 2_000


def test_a_path_that_there_is_not_is_refused() -> None:
    simulation = simulate(retiree())
    for numbers in ([], [-1], [500]):
        with pytest.raises(InputOutOfRange):
            path_rows(simulation, numbers)


def test_the_projection_walks_in_the_middle() -> None:
    scenario = retiree(streams=SPENDING, market=fixed(0.04))
    table = projection(scenario)
    assert table.height == 30
    expected = simulate(scenario).outcome.wealth[1:, 0]
    assert table["wealth_real"].to_numpy() == pytest.approx(expected, rel=1e-9, abs=1e-4)
    assert table["age_Kim"].to_list() == [float(age) for age in range(65, 95)]


BAD_TABLES: dict[str, tuple[pl.DataFrame | None, str]] = {
    "none": (None, "given none; a market of kind history needs one"),
    "another column": (RETURNS.drop("sp500_tr"), "given without sp500_tr"),
    "too short": (RETURNS.head(20), "given 20 years; allowed is 30 or more"),
    "a hole": (
        RETURNS.with_columns(sp500_tr=pl.when(pl.col("year") != 1950).then("sp500_tr")),
        "a return is empty",
    ),
    "a lost year": (RETURNS.filter(pl.col("year") != 1950), "its years do not follow one another"),
    "words": (RETURNS.with_columns(sp500_tr=pl.lit("x")), "a column is not of numbers"),
    "no rows": (RETURNS.head(0), "given no rows"),
    "no year": (RETURNS.drop("year"), "given without the column year"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_that_cannot_be_used_says_why(name: str) -> None:
    table, told = BAD_TABLES[name]
    market = {"kind": "history", "columns": {"fund": "sp500_tr"}}
    with pytest.raises(ReturnsRefused, match=told):
        simulate(retiree(30, market=market), table)


@pytest.mark.parametrize(("how", "told"), [({"paths": 0}, "paths"), ({"seed": -1}, "seed")])
def test_no_paths_and_no_seed_below_zero(how: dict[str, int], told: str) -> None:
    with pytest.raises(InputOutOfRange, match=f"{told}: given"):
        simulate(retiree(), **how)


@pytest.mark.parametrize(
    "fields",
    [
        {"balance": 0, "streams": [spending(10)], "withdrawal": {"kind": "guyton_klinger"}},
        {"balance": 0},
        {"balance": 1e15, "withdrawal": {"kind": "dynamic"}},
        {"end": {"date": "2126-01-01"}, "withdrawal": {"kind": "floor_ceiling"}},
        {"years": 1, "streams": SPENDING},
        {"paths": 1, "streams": SPENDING},
    ],
)
def test_a_plan_at_its_limits_has_numbers_everywhere(fields: dict[str, Any]) -> None:
    with np.errstate(all="raise", under="ignore"):
        simulation = simulate(retiree(**fields))
        table = simulation.fan.select(pl.selectors.starts_with("p")).to_numpy()
    assert np.isfinite(table).all()
    assert simulation.goals.height == 0


def test_vpw_spends_all_by_its_last_age_and_that_is_no_failure() -> None:
    rule = {"kind": "vpw", "equity": ["fund"], "last_age": 90}
    simulation = simulate(retiree(30, withdrawal=rule))
    assert simulation.success.probability == 1
    assert (simulation.outcome.wealth[25] > 0).all()
    assert (simulation.outcome.wealth[26] < 0.05 * simulation.outcome.wealth[25]).mean() > 0.5
