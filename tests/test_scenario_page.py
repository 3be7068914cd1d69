"""What the scenarios notebook asks, on the demo's home and on an invented couple."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

import tenet
from tenet.pages import progress, scenario
from tenet.planning.example import example
from tenet.plans import runs, store

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.plans.balances import Filled
    from tenet.workspace import Workspace

BORN, SPENDING = date(1985, 1, 1), 40_000
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
AS_IT_IS = {"later": 0, "spending": 1.0, "more_return": 0.0, "rule": "as the scenario says"}


@pytest.fixture
def workspace(tmp_path: Path, demo_home: Path) -> Workspace:
    return tenet.open(shutil.copytree(demo_home, tmp_path / "home"), refresh_local=False)


def chosen(workspace: Workspace, choice: str) -> Filled:
    found, said = scenario.chosen(workspace, choice, born=BORN, spending=SPENDING)
    assert found, said
    return found


def test_a_scenario_of_our_own_balances_holds_what_the_build_says(workspace: Workspace) -> None:
    assert scenario.choices(workspace.home)[-2:] == [scenario.FROM_BALANCES, scenario.INVENTED]
    found = chosen(workspace, scenario.FROM_BALANCES)
    debts = sum(one.balance or 0 for one in found.scenario.accounts if one.kind == "debt")
    owned = sum(one.balance or 0 for one in found.scenario.accounts if one.kind != "debt")
    worth = workspace.sql("from net_worth_daily order by valuation_date desc limit 1").to_dicts()[0]
    assert owned - debts == pytest.approx(float(worth["net_worth"]))


def test_sliders_that_rest_leave_the_scenario_as_it_is() -> None:
    assert scenario.adjusted(example(), **AS_IT_IS) == example()


@pytest.mark.parametrize(
    ("bend", "is_better"),
    [({"later": 5}, True), ({"spending": 1.4}, False), ({"more_return": 0.02}, True)],
)
def test_each_slider_moves_success_where_it_must(bend: dict[str, float], is_better: bool) -> None:
    kept: dict[int, object] = {}
    plain, bent = (
        scenario.simulated(scenario.adjusted(example(), **AS_IT_IS | more), 500, kept)
        for more in ({"spending": 1.2}, {"spending": 1.2} | bend)
    )
    assert (bent.success.probability > plain.success.probability) is is_better


def test_life_events_are_edited_in_a_table() -> None:
    table = scenario.events(example())
    assert scenario.with_events(example(), table) == (example(), "")
    more = pl.DataFrame(
        [("Boat", "2030-06-01", -50_000.0, 0.0, 0), (None, None, None, None, None)],
        schema=table.schema,
        orient="row",
    )
    found, wrong = scenario.with_events(example(), pl.concat([table, more]))
    assert not wrong
    assert [one.name for one in found.events] == [*table["name"], "Boat"]
    assert found.events[:-1] == example().events
    late = more.head(1).with_columns(date=pl.lit("2200-01-01"))
    same, wrong = scenario.with_events(example(), pl.concat([table, late]))
    assert same == example()
    assert "events" in wrong


@pytest.mark.parametrize("rule", scenario.RULES)
def test_every_rule_runs(rule: str) -> None:
    bent = scenario.adjusted(example(), **AS_IT_IS | {"rule": rule})
    found = scenario.simulated(bent, 200, {})
    assert 0 <= found.success.probability <= 1
    assert scenario.fan(found, "spending", is_nominal=False).columns[:2] == ["valuation_date", "p5"]


def test_the_preview_is_the_beginning_of_the_full_run() -> None:
    kept: dict[int, object] = {}
    preview, full = (scenario.simulated(example(), paths, kept) for paths in (500, 2_000))
    assert (preview.outcome.wealth == full.outcome.wealth[:, :500]).all()


def test_a_scenario_is_drawn_in_all_its_ways() -> None:
    found = scenario.simulated(example(), 500, {})
    line = scenario.time_line(example())
    assert {"Pay", "University", "retirement"} <= set(line["name"])
    assert (line["until"] >= line["valuation_date"]).all()
    assert scenario.failures(found)["short_share"].sum() == pytest.approx(
        1 - found.success.probability, abs=0.01
    )
    cells = scenario.heat(example())
    assert cells.height == 5 * 7
    assert cells.filter(pl.col("spending") == "70%")["success"].is_sorted()
    assert scenario.traits(found).columns == ["trait", "failing paths, %", "the others, %"]
    assert scenario.years(example(), is_nominal=True)["year"][0] == "2026"
    labels = [one["label"] for one in scenario.headline(found, incognito=True)]
    assert len(labels) == 3


def test_a_run_is_kept_under_a_name_and_held_against_what_came_true(workspace: Workspace) -> None:
    before = len(progress.runs(workspace.home))
    found = chosen(workspace, scenario.FROM_BALANCES)
    simulation = scenario.simulated(found.scenario, 500, {})
    said = scenario.saved(workspace, found, simulation, "Ours", AT)
    assert said.startswith("**Saved**"), said
    assert len(progress.runs(workspace.home)) == before + 1
    document = store.find(workspace.home, "Ours").document
    assert not [one for one in document["accounts"] if one.get("account_id") and "balance" in one]
    again = scenario.saved(workspace, found, simulation, "Ours", AT)
    assert not again.startswith("**Saved**")
    came, problem = progress.of(workspace, runs.find_run(workspace.home, "Ours").run_id)
    assert came, problem
    steps, planned = progress.parts(came)
    assert planned + steps["amount"].sum() == came.actual_nominal
    assert "Actual" in progress.told(came, incognito=False)
    assert "Actual" not in progress.told(came, incognito=True)
    assert progress.of(workspace, None) == (None, "")
    assert progress.of(workspace, "nothing")[0] is None


def test_kept_scenarios_are_compared_on_the_same_futures(workspace: Workspace) -> None:
    for name, share in (("One", 1.0), ("Two", 1.3)):
        simulation = scenario.simulated(
            scenario.adjusted(example(), **AS_IT_IS | {"spending": share}), 200, {}
        )
        found = chosen(workspace, scenario.INVENTED)
        assert scenario.saved(workspace, found, simulation, name, AT).startswith("**Saved**")
    simulations, pairs = scenario.compared(workspace, ["One", "Two"])
    assert [one.scenario.name for one in simulations] == ["One", "Two"]
    assert pairs["success_delta"][0] < 0
