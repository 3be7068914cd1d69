"""Scenarios in the lake: what is written is read back, every edit is kept, none is lost."""

from __future__ import annotations

import json
import multiprocessing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import AT
from scenarios import document

import tenet
from tenet import home as homes
from tenet import lake
from tenet.errors import (
    InputOutOfRange,
    NotFound,
    ScenarioChanged,
    ScenarioExists,
    ScenarioInvalid,
    ScenarioReadOnly,
    SchemaMismatch,
)
from tenet.landings import fingerprint, landings
from tenet.planning.simulation import simulate
from tenet.plans import balances, grids, runs, shown, store, template
from tenet.plans.documents import with_value

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

HOUR = timedelta(hours=1)


def hours(count: int) -> datetime:
    return AT + count * HOUR


def test_what_is_stored_is_read_back(home: Path) -> None:
    made = store.create(home, document(), at=AT)
    (read,) = store.scenarios(home)
    assert read == made == store.find(home, "plan") == store.find(home, "PLAN")
    assert read.version == made.version
    assert read.document == document()


def test_assets_keep_the_order_that_the_correlation_has(home: Path) -> None:
    market: dict[str, Any] = {
        "kind": "lognormal",
        "log_mean": {"z": 0.05, "a": 0.01, "m": 0.0},
        "log_sd": {"z": 0.1, "a": 0.1, "m": 0.1},
        "correlation": [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]],
    }
    weights = [{"weights": {"z": 1}}]
    store.create(home, document(market=market, allocation=weights), at=AT)
    (read,) = store.scenarios(home)
    assert list(read.document["market"]["log_mean"]) == ["z", "a", "m"]


def test_a_plan_changes_no_revision(home: Path) -> None:
    before = fingerprint(landings(home))
    store.create(home, document(), at=AT)
    assert fingerprint(landings(home)) == before


def test_one_event_is_edited_and_the_others_stay(home: Path) -> None:
    store.create(home, document(), at=AT)
    roof = {"name": "Roof", "at": {"date": "2031-05-01"}, "one_off": -200}
    gift = {"name": "Gift", "at": {"age": 62}, "one_off": 50}
    store.set_part(home, "Plan", "events", "Roof", roof, made_on=None, at=hours(1))
    store.set_part(home, "Plan", "events", "Gift", gift, made_on=None, at=hours(2))
    found = store.find(home, "Plan").document
    assert found["events"] == [roof, {**gift, "at": {"age": 62.0}}]
    assert found["goals"] == document()["goals"]
    store.set_part(home, "Plan", "events", "Roof", None, made_on=None, at=hours(3))
    assert [one["name"] for one in store.find(home, "Plan").document["events"]] == ["Gift"]


def test_every_edit_is_kept(home: Path) -> None:
    made = store.create(home, document(), at=AT)
    store.set_part(home, "Plan", "goals", "Leave", None, made_on=None, at=hours(1))
    store.replace(home, "Plan", document(fee=0.01), made_on=None, at=hours(2))
    store.delete(home, "Plan", made_on=None, at=hours(3))
    assert store.scenarios(home) == []
    told = [
        (row["edited_at"], row["part"], row["name"], row["is_deleted"])
        for row in store.history(home, made.scenario_id)
    ]
    assert told == [
        (AT, "event", "Roof", False),
        (AT, "goal", "Leave", False),
        (AT, "scenario", "Plan", False),
        (hours(1), "goal", "Leave", True),
        (hours(2), "goal", "Leave", False),
        (hours(2), "scenario", "Plan", False),
        (hours(3), "scenario", "Plan", True),
    ]
    then = store.find(home, "Plan", as_of=AT)
    assert (then.version, then.document) == (made.version, document())


def test_a_deleted_scenario_made_anew_has_none_of_its_old_events(home: Path) -> None:
    first = store.create(home, document(), at=AT)
    store.delete(home, "Plan", made_on=None, at=hours(1))
    again = store.create(home, document(events=[]), at=hours(2))
    assert again.scenario_id == first.scenario_id
    assert "events" not in store.find(home, "Plan").document


def test_an_edit_that_a_slow_clock_dates_back_counts_all_the_same(home: Path) -> None:
    store.create(home, document(), at=AT)
    store.replace(home, "Plan", document(fee=0.01), made_on=None, at=AT - HOUR)
    assert store.find(home, "Plan").document["fee"] == 0.01


def test_nothing_new_lands_nothing(home: Path) -> None:
    made = store.create(home, document(), at=AT)
    before = landings(home)
    same = store.replace(home, "Plan", document(), made_on=made.version, at=hours(1))
    assert (landings(home), same.version) == (before, made.version)


def test_a_renamed_scenario_keeps_its_id(home: Path) -> None:
    made = store.create(home, document(), at=AT)
    store.create(home, document(name="Other"), at=AT)
    renamed = store.replace(home, "Plan", document(name="New"), made_on=None, at=hours(1))
    assert renamed.scenario_id == made.scenario_id
    with pytest.raises(ScenarioExists):
        store.replace(home, "New", document(name="OTHER"), made_on=None, at=hours(2))
    assert store.create(home, document(), at=hours(3)).scenario_id == "plan-2"


def test_an_edit_made_on_an_older_version_is_told_and_writes_nothing(home: Path) -> None:
    made = store.create(home, document(), at=AT)
    store.replace(home, "Plan", document(fee=0.01), made_on=made.version, at=hours(1))
    before = landings(home)
    for change in (
        lambda: store.replace(home, "Plan", document(), made_on=made.version, at=hours(2)),
        lambda: store.set_part(
            home, "Plan", "events", "Roof", None, made_on=made.version, at=hours(2)
        ),
        lambda: store.delete(home, "Plan", made_on=made.version, at=hours(2)),
    ):
        with pytest.raises(ScenarioChanged, match="was edited meanwhile"):
            change()
    assert landings(home) == before


def add_event(home: Path, name: str, ready: Any) -> None:
    """In a process of its own: an event, added to what is there at that moment."""
    part = {"name": name, "at": {"age": 62}, "one_off": 1}
    ready.wait()
    with homes.writing(home, AT, patience=60):
        store.set_part(home, "Plan", "events", name, part, made_on=None, at=AT)


def edit_on(home: Path, version: str, fee: float, ready: Any, told: Any) -> None:
    """In a process of its own: an edit made on a version."""
    ready.wait()
    with homes.writing(home, AT, patience=60):
        try:
            store.replace(home, "Plan", document(fee=fee), made_on=version, at=AT)
            told.put("written")
        except ScenarioChanged:
            told.put("told")


def at_once(target: Callable[..., None], calls: list[tuple[Any, ...]]) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(len(calls))
    processes = [
        context.Process(target=target, args=(*call[:3], ready, *call[3:]))
        if len(call) > 2
        else context.Process(target=target, args=(*call, ready))
        for call in calls
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(calls)


def test_two_processes_that_add_at_once_both_count(home: Path) -> None:
    store.create(home, document(), at=AT)
    at_once(add_event, [(home, "Gift"), (home, "Car")])
    events = store.find(home, "Plan").document["events"]
    assert {one["name"] for one in events} == {"Roof", "Gift", "Car"}


def test_of_two_edits_made_on_one_version_the_second_is_told(home: Path) -> None:
    version = store.create(home, document(), at=AT).version
    told = multiprocessing.get_context("spawn").Queue()
    at_once(edit_on, [(home, version, 0.01, told), (home, version, 0.02, told)])
    assert sorted([told.get(), told.get()]) == ["told", "written"]
    assert store.find(home, "Plan").document["fee"] in (0.01, 0.02)


BAD = [
    ({"people": [{"name": "Kim", "born": "1964-01-01", "end_age": -3}]}, r"people\[0\].end_age"),
    ({"people": [{"name": "Kim", "born": "2030-01-01", "end_age": 80}]}, r"\.born.*not negative"),
    ({"allocation": [{"weights": {"stocks": 0.6, "bonds": 0.3}}]}, "given a sum of 0.9"),
    (
        {"goals": [{"name": "G", "kind": "net_worth", "amount": 1, "by": {"date": "2020-01-01"}}]},
        r"goals\[0\].by: given 2020-01-01; allowed is from 2024-01-01",
    ),
    (
        {"events": [{"name": "E", "at": {"date": "2050-01-01"}, "one_off": 1}]},
        r"events\[0\].at: given 2050-01-01; allowed is from 2024-01-01 to 2043-12-01",
    ),
    (
        {"accounts": [{"name": "B", "kind": "taxable", "account_id": "broker:2"}]},
        r"accounts\[0\].account_id: given 'broker:2'; allowed is one of bank:1, broker:1",
    ),
    (
        {"streams": [{"name": "C", "kind": "contribution", "amount": 1, "account": "Nope"}]},
        r"streams\[0\].account: given 'Nope'; allowed is one of Broker",
    ),
    ({"market": document()["market"] | {"correlation": [[1, 2], [2, 1]]}}, "correlation"),
    ({"market": document()["market"] | {"correlation": [[1, 0.5], [0.4, 1]]}}, "not symmetric"),
    ({"name": " "}, "name: given ' '"),
    ({"name": None}, "name: given None"),
    ({"surprise": 1}, "surprise: given 1; no such field"),
    ({"start": "soon"}, "start: given 'soon'"),
    ({"fee": float("nan")}, "fee: given nan"),
]


@pytest.mark.parametrize(("fields", "message"), BAD)
def test_what_cannot_be_is_refused_and_nothing_is_landed(
    home: Path, fields: dict[str, Any], message: str
) -> None:
    store.create(home, document(name="There"), at=AT)
    before = landings(home)
    with pytest.raises(ScenarioInvalid, match=message):
        store.create(home, document(**fields), at=AT)
    with pytest.raises(ScenarioInvalid, match=message):
        store.replace(home, "There", document(**fields), made_on=None, at=AT)
    assert landings(home) == before


def test_balances_are_those_of_the_builds_last_day(home: Path) -> None:
    """10 AAPL at 184.25 less 200 owed in dollars: 1,642.50."""
    store.create(home, document(), at=AT)
    found = balances.filled(tenet.open(home), "Plan")
    assert found.scenario.accounts[0].balance == 1642.5
    assert (found.left_out, found.day.isoformat() if found.day else None) == (
        ("bank:1",),
        "2024-01-03",
    )


def test_a_debt_and_what_it_is_on_may_be_one_account(home: Path) -> None:
    accounts = [
        {"name": "Owned", "kind": "taxable", "account_id": "broker:1"},
        {"name": "Owed", "kind": "debt", "account_id": "broker:1"},
    ]
    store.create(home, document(accounts=accounts), at=AT)
    found = balances.filled(tenet.open(home), "Plan").scenario.accounts
    assert [one.balance for one in found] == [1842.5, 200]
    twice = [accounts[0], accounts[0] | {"name": "Again"}]
    store.replace(home, "Plan", document(accounts=twice), made_on=None, at=hours(1))
    with pytest.raises(
        ScenarioInvalid, match=r"accounts\[1\].account_id: given 'broker:1' 2 times"
    ):
        balances.filled(tenet.open(home), "Plan")


def test_an_account_that_owes_counts_zero_and_is_noted(home: Path) -> None:
    accounts = [
        {"name": "Bank", "kind": "cash", "account_id": "bank:1"},
        {"name": "Loan", "kind": "debt", "account_id": "broker:1"},
    ]
    store.create(home, document(accounts=accounts), at=AT)
    found = balances.filled(tenet.open(home), "Plan")
    assert [one.balance for one in found.scenario.accounts] == [1100, 0]
    assert "broker:1 is worth 1,642.50" in found.notes[0]


def test_a_scenario_whose_accounts_vanished_says_which(home: Path) -> None:
    workspace = tenet.open(home)
    vanished = document(accounts=[{"name": "A", "kind": "cash", "account_id": "gone:1"}])
    with pytest.raises(
        ScenarioInvalid,
        match=r"accounts\[0\].account_id: given 'gone:1'; allowed is one of bank:1, broker:1",
    ):
        balances.with_build(workspace, vanished)


def test_another_currency_than_the_builds_is_refused(home: Path) -> None:
    with pytest.raises(ScenarioInvalid, match="currency: given 'EUR'; allowed is 'USD'"):
        balances.with_build(tenet.open(home), document(currency="EUR"))


def test_typed_balances_need_no_build(tmp_path: Path) -> None:
    accounts = [{"name": "A", "kind": "cash", "balance": 100}]
    home = homes.make(tmp_path / "new")
    store.create(home, document(accounts=accounts), at=AT)
    found = balances.filled(tenet.open(home), "Plan")
    assert (found.revision, found.scenario.accounts[0].balance) == (None, 100)


AXES = {"/streams/Living/amount": [60, 100], "/retirement/age": [62, 65]}


def test_a_grid_is_computed_as_its_cells_are_one_by_one(home: Path) -> None:
    parent = store.create(home, document(paths=1000), at=AT)
    grid = store.create_grid(home, "By age", "Plan", AXES, at=AT)
    workspace = tenet.open(home)
    table = shown.grid_frame(workspace, "By age")
    assert table.select(list(AXES)).rows() == [(60, 62), (60, 65), (100, 62), (100, 65)]
    assert table["scenario_id"].to_list() == list(grids.cells(parent, grid.axes))
    for row in table.to_dicts():
        alone = balances.filled(workspace, f"By age/{row['scenario_id']}").scenario
        assert alone.streams[0].amount == row["/streams/Living/amount"]
        single = simulate(alone)
        assert single.success.probability == row["success"]
        ends = single.outcome.wealth[-1]
        assert float(sorted(ends)[500]) == pytest.approx(row["wealth_p50_real"], rel=0.02)


def test_the_ids_of_cells_hang_on_their_values_alone(home: Path) -> None:
    parent = store.create(home, document(), at=AT)
    ids = list(grids.cells(parent, AXES))
    streams = [{"name": "Pay", "kind": "income", "amount": 1}, *document()["streams"]]
    moved = store.replace(home, "Plan", document(streams=streams), made_on=None, at=hours(1))
    assert list(grids.cells(moved, AXES)) == ids
    assert len(set(ids)) == 4


def test_a_grid_is_only_read_and_forked(home: Path) -> None:
    store.create(home, document(), at=AT)
    grid = store.create_grid(home, "By age", "Plan", AXES, at=AT)
    for change in (
        lambda: store.replace(home, "By age", document(), made_on=None, at=AT),
        lambda: store.set_part(home, "By age", "goals", "G", {"name": "G"}, made_on=None, at=AT),
        lambda: store.create_grid(home, "Again", "By age", AXES, at=AT),
        lambda: store.delete(home, "Plan", made_on=None, at=AT),
    ):
        with pytest.raises(ScenarioReadOnly, match="nothing was written"):
            change()
    cell_id = list(grids.cells(store.find(home, "Plan"), grid.axes))[2]
    _, cell = balances.document_of(home, f"by age/{cell_id}")
    forked = store.create(home, cell | {"name": "Forked"}, at=AT)
    assert forked.document["streams"][0]["amount"] == 100
    assert forked.document["accounts"][0]["account_id"] == "broker:1"
    with pytest.raises(NotFound):
        balances.document_of(home, "By age/0000")
    with pytest.raises(InputOutOfRange, match="no grid"):
        balances.document_of(home, "By age")
    store.delete(home, "By age", made_on=None, at=hours(1))
    store.delete(home, "Plan", made_on=None, at=hours(2))


@pytest.mark.parametrize(
    ("axes", "error"),
    [
        ({}, InputOutOfRange),
        ({"/fee": []}, InputOutOfRange),
        ({"/fee": list(range(2001))}, InputOutOfRange),
        ({"/streams/Nope/amount": [1]}, InputOutOfRange),
        ({"/streams/Living/amount": [1], "/streams/0/amount": [2]}, InputOutOfRange),
        ({"/fee": [0.01, -1]}, ScenarioInvalid),
    ],
)
def test_axes_that_cannot_be_land_nothing(
    home: Path, axes: dict[str, list[Any]], error: type[Exception]
) -> None:
    store.create(home, document(), at=AT)
    before = landings(home)
    with pytest.raises(error):
        store.create_grid(home, "Bad", "Plan", axes, at=AT)
    assert landings(home) == before


def saved(home: Path, at: datetime = AT) -> runs.Run:
    found = balances.filled(tenet.open(home), "Plan")
    return runs.save(home, found, simulate(found.scenario), at=at)


def test_a_saved_run_is_read_back_whole(home: Path) -> None:
    made = store.create(home, document(), at=AT)
    run = saved(home)
    read = runs.find_run(home, "plan")
    assert read == run == runs.find_run(home, run.run_id[:18])
    assert (run.version, run.seed, run.paths) == (made.version, 1, 200)
    assert run.inputs["accounts"][0]["balance"] == 1642.5
    assert run.base_date.isoformat() == "2024-01-03"
    assert run.revision == tenet.open(home).revision
    first = run.fan.filter(run.fan["series"] == "net_worth").row(0, named=True)
    assert (first["p5_real"], first["p95_real"], first["basis_year"]) == (1642.5, 1642.5, 2024)
    assert run.fan.height == 2 * (20 * 12 + 1)


def test_the_inputs_of_a_run_give_it_again(home: Path) -> None:
    from tenet.planning.monthly import monthly_fan
    from tenet.planning.scenario import parse

    store.create(home, document(), at=AT)
    run = saved(home)
    again = simulate(parse(run.inputs), paths=run.paths, seed=run.seed)
    assert round(again.success.probability, 10) == run.success
    money = [name for name in run.fan.columns if name.endswith("_real")]
    fan = monthly_fan(again)
    assert fan.select(money).to_numpy() == pytest.approx(
        run.fan.select(money).to_numpy(), abs=0.005
    )


def test_a_run_never_changes(home: Path) -> None:
    from tenet.frames import frame

    store.create(home, document(), at=AT)
    run = saved(home)
    with lake.reading(home, "plan_runs") as connection:
        (row,) = tenet.database.rows(connection, "from raw_plan_runs")
    del row["landing_id"]
    forged = frame("plan_runs", [row | {"success": 0, "seed": 7}])
    lake.land(home, "plan", {"plan_runs": forged}, at=hours(5))
    assert runs.find_run(home, run.run_id) == run
    store.replace(home, "Plan", document(fee=0.02), made_on=None, at=hours(6))
    second = saved(home, hours(7))
    assert [one.run_id for one in runs.runs(home, "plan")] == [second.run_id, run.run_id]
    assert second.input_hash != run.input_hash
    with pytest.raises(NotFound):
        runs.find_run(home, "nothing")


def test_the_template_runs_after_two_answers(home: Path) -> None:
    from datetime import date

    made = template.template(tenet.open(home), "First", born=date(1980, 1, 1), spending=20)
    store.create(home, made, at=AT)
    found = balances.filled(tenet.open(home), "First").scenario
    assert {one.name: one.balance for one in found.accounts} == {
        "Brokerage": 1642.5,
        "Current account": 1100,
    }
    # Shares of 1,842.50 beside 1,100 in cash; the dollars owed are not held.
    assert found.allocation[0].weights == {"stocks": 0.6262, "bonds": 0, "bills": 0.3738}
    assert simulate(found, paths=500).success.probability > 0.9
    retired = template.template(tenet.open(home), "Old", born=date(1930, 1, 1), spending=20)
    store.create(home, retired, at=AT)
    assert balances.filled(tenet.open(home), "Old").scenario.calendar.retirement == 0


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/fee", {"fee": 9}),
        ("/streams/Living/amount", {"streams": [{"name": "Living", "amount": 9}]}),
        ("/streams/0/amount", {"streams": [{"name": "Living", "amount": 9}]}),
    ],
)
def test_a_pointer_finds_entries_by_name_and_number(pointer: str, expected: dict[str, Any]) -> None:
    before: dict[str, Any] = {"streams": [{"name": "Living", "amount": 1}]}
    assert with_value(before, pointer, 9) == json.loads(json.dumps(before)) | expected
    assert before == {"streams": [{"name": "Living", "amount": 1}]}


@pytest.mark.parametrize("pointer", ["/streams/Nope/amount", "/streams/7", "/a/b", "/name/x"])
def test_a_pointer_that_leads_nowhere_is_refused(pointer: str) -> None:
    with pytest.raises(InputOutOfRange, match="pointer"):
        with_value({"name": "n", "streams": [{"name": "Living"}]}, pointer, 1)


def test_a_row_that_is_no_object_is_never_landed(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "scenarios.csv"
    head = "scenario_id,edited_at,name,kind,document,is_deleted"
    for cell in ("3", "broken", '"[1]"'):
        path.write_text(f"{head}\np,2024-01-01T00:00:00Z,P,user,{cell},false\n")
        with pytest.raises(SchemaMismatch, match="is not a JSON object"):
            lake.land(home, "import", {"scenarios": path}, at=AT)
    path.write_text(f"{head}\np,2024-01-01T00:00:00Z,P,user,,false\n")
    lake.land(home, "import", {"scenarios": path}, at=AT)
    with pytest.raises(ScenarioInvalid, match="name: given nothing"):
        balances.filled(tenet.open(home), "P")
    store.delete(home, "P", made_on=None, at=AT)


def test_a_stored_grid_is_drawn(home: Path) -> None:
    from tenet.charts.spread import parameter_grid

    store.create(home, document(), at=AT)
    store.create_grid(home, "By age", "Plan", AXES, at=AT)
    table = shown.grid_frame(tenet.open(home), "By age", paths=200)
    x, y = AXES
    chart = parameter_grid(table, x, y, "success", title="Success")
    assert chart.to_dict()["config"]
