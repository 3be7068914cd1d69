"""A plan step by step agrees with the plan year by year."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from planners import fixed, income, retiree, spending

from tenet.planning.example import example
from tenet.planning.monthly import monthly_expected, monthly_fan
from tenet.planning.simulation import simulate


@pytest.mark.parametrize("fields", [{}, {"timing": "end"}, {"step": "year"}])
def test_the_fan_of_months_passes_through_that_of_years(fields: dict[str, Any]) -> None:
    found = simulate(example(**fields), paths=400)
    monthly = monthly_fan(found)
    for series in ("wealth", "net_worth"):
        yearly = found.fan.filter(pl.col("series") == series)
        same = monthly.filter(pl.col("series") == series, pl.col("date").is_in(yearly["date"]))
        ranks = [name for name in yearly.columns if name.startswith("p")]
        assert same.height == yearly.height
        assert same.select(ranks).to_numpy() == pytest.approx(
            yearly.select(ranks).to_numpy(), rel=1e-9, abs=1e-6
        )


def test_net_worth_is_what_was_there_saved_drawn_and_grown() -> None:
    table = monthly_expected(simulate(example(), paths=1))
    first = table["net_worth_nominal"][0]
    assert first == 40_000 + 310_000 + 260_000 + 70_000 + 450_000 - 180_000
    parts = table["saved_nominal"] + table["drawn_nominal"] + table["market_nominal"]
    assert (table["net_worth_nominal"] - first).to_numpy() == pytest.approx(
        parts.to_numpy(), abs=1e-3
    )


@pytest.mark.parametrize(("timing", "market"), [("start", 1_010 * 0.1), ("end", 1_000 * 0.1)])
def test_saving_and_growth_of_a_year_are_told_apart(timing: str, market: float) -> None:
    """1,000 and 10 a year at a tenth: paid in before or after it grows. No inflation."""
    plan = retiree(
        2,
        1_000,
        market=fixed(0.1),
        streams=[income(30), spending(20)],
        inflation={"rate": 0},
        step="year",
        timing=timing,
    )
    table = monthly_expected(simulate(plan))
    assert table["saved_nominal"].to_list() == pytest.approx([0, 10, 20])
    assert table["drawn_nominal"].to_list() == [0, 0, 0]
    assert table["market_nominal"][1] == pytest.approx(market)
    assert table["price_level"].to_list() == [1, 1, 1]


def test_spending_from_savings_is_drawn_in_money_of_the_day() -> None:
    """120 a year of the basis year, in months, at 10 % inflation: dearer in each."""
    plan = retiree(
        1,
        1_000,
        market=fixed(0, basis="nominal"),
        streams=[spending(120)],
        inflation={"rate": 0.1},
    )
    table = monthly_expected(simulate(plan))
    levels = [1.1 ** (month / 12) for month in range(13)]
    assert table["price_level"].to_list() == pytest.approx(levels)
    assert table["drawn_nominal"][12] == pytest.approx(-10 * sum(levels[:12]))
    assert table["market_nominal"].to_list() == pytest.approx([0] * 13, abs=1e-6)
