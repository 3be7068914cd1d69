"""`tenet scenario`, as people call it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from conftest import AT
from scenarios import document

from tenet.cli import main
from tenet.landings import landings
from tenet.plans import store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    Command = Callable[..., Run]

TOML = """
name = "From a file"
currency = "USD"
start = 2024-01-01
basis_year = 2024
retirement = { age = 65 }
paths = 200

[[people]]
name = "Kim"
born = 1964-01-01
end_age = 80

[[accounts]]
name = "Broker"
kind = "taxable"
account_id = "broker:1"

[[streams]]
name = "Living"
kind = "spending"
amount = 60

[[allocation]]
weights = { stocks = 0.6, bonds = 0.4 }

[market]
kind = "bootstrap"
columns = { stocks = "sp500_tr", bonds = "tnote_10y_tr" }
"""


@pytest.fixture
def scenario(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`tenet scenario ...`, in this process, in a home that has one, Plan."""
    store.create(home, document(), at=AT)

    def run(*words: object) -> Run:
        command = [str(word) for word in ("tenet", "--home", home, "scenario", *words)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return subprocess.CompletedProcess(command, int(ended.value.code or 0), *told)

    return run


def told(run: Run) -> Any:
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_new_user_has_a_running_scenario_after_two_answers(
    tenet_command: Command, home: Path
) -> None:
    words = ("create", "First", "--template", "--born", "1980-01-01", "--spending", "20")
    made = tenet_command("--home", home, "scenario", *words)
    assert made.returncode == 0, made.stderr
    assert "noted: First, version " in made.stderr
    ran = tenet_command("--home", home, "scenario", "simulate", "first", "--paths", "1000")
    assert ran.stdout.startswith("First: 1,000 paths, seed 1\n  success        ")
    assert "USD of 2024" in ran.stdout
    without = tenet_command("--home", home, "scenario", "create", "Second", "--template")
    assert (without.returncode, "--template needs --born" in without.stderr) == (2, True)


def test_a_toml_file_makes_a_scenario_on_the_shipped_returns(
    tenet_command: Command, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(TOML)
    assert tenet_command("--home", home, "scenario", "import", path).returncode == 0
    found = told(tenet_command("--home", home, "scenario", "simulate", "From a file", "--json"))
    assert (found["paths"], found["basis_year"], found["currency"]) == (200, 2024, "USD")
    assert found["success"]["low"] <= found["success"]["probability"] <= found["success"]["high"]
    mine = tmp_path / "mine.csv"
    mine.write_text("year,sp500_tr,inflation\n2000,0.1,0.02\n")
    words = ("simulate", "From a file", "--returns", mine)
    refused = tenet_command("--home", home, "scenario", *words)
    assert (refused.returncode, "given without tnote_10y_tr" in refused.stderr) == (2, True)


def test_what_computes_writes_nothing(scenario: Command, home: Path) -> None:
    assert scenario("fork", "Plan", "Other").returncode == 0
    assert scenario("edit", "Other", "--set", "/streams/Living/amount=90").returncode == 0
    before = landings(home)
    for words in (
        ("simulate", "Plan"),
        ("project", "Plan"),
        ("compare", "Plan", "Other"),
        ("sensitivity", "Plan"),
        ("solve", "Plan", "spending"),
        ("runs",),
        ("list",),
    ):
        ran = scenario(*words)
        assert (ran.returncode, bool(ran.stdout)) == (0, True), ran.stderr
    assert landings(home) == before


def test_two_scenarios_compare_on_the_same_futures(scenario: Command) -> None:
    scenario("fork", "Plan", "Dearer")
    scenario("edit", "Dearer", "--set", "/streams/Living/amount=120")
    found = told(scenario("compare", "Plan", "Dearer", "--paths", "500", "--json"))
    (pair,) = found["pairs"]
    assert (pair["first"], pair["second"], pair["basis_year"]) == ("Plan", "Dearer", 2024)
    assert pair["success_delta"] == pytest.approx(
        found["scenarios"][1]["success"]["probability"]
        - found["scenarios"][0]["success"]["probability"]
    )
    assert pair["success_delta"] < 0
    text = scenario("compare", "Plan", "Dearer", "--paths", "500").stdout
    assert "Dearer less Plan" in text
    assert " points (" in text


def test_events_and_goals_are_edited_one_by_one(scenario: Command) -> None:
    for words in (
        ("event", "set", "Plan", "Car", "--at", "retirement+12", "--one-off", "-50"),
        ("event", "set", "Plan", "Roof", "--one-off", "-300"),
        ("goal", "set", "Plan", "Stop", "--kind", "retire", "--by", "age:66:Kim"),
        ("goal", "delete", "Plan", "Leave"),
    ):
        assert scenario(*words).returncode == 0
    found = told(scenario("show", "Plan", "--json"))["scenario"]
    assert found["events"] == [
        {"name": "Roof", "at": {"date": "2030-05-01"}, "one_off": -300},
        {"name": "Car", "at": {"milestone": "retirement", "offset_months": 12}, "one_off": -50},
    ]
    assert found["goals"] == [
        {"name": "Stop", "kind": "retire", "by": {"age": 66, "person": "Kim"}}
    ]
    assert told(scenario("list", "--json"))[0]["scenario"] == found
    listed = told(scenario("event", "list", "Plan", "--json"))
    assert [one["name"] for one in listed] == ["Roof", "Car"]
    kinds = [row["part"] for row in told(scenario("show", "Plan", "--history", "--json"))]
    assert sorted(kinds) == ["event", "event", "event", "goal", "goal", "goal", "scenario"]


def test_an_exported_file_is_edited_and_taken_back_once(
    scenario: Command, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "edited.json"
    assert scenario("export", "Plan", path).returncode == 0
    whole = json.loads(path.read_text())
    whole["scenario"]["fee"] = 0.01
    path.write_text(json.dumps(whole))
    assert scenario("edit", "Plan", path).returncode == 0
    before = landings(home)
    late = scenario("edit", "Plan", path)
    assert (late.returncode, late.stdout) == (1, "")
    assert f"was edited meanwhile: the edit was made on version {whole['version']}" in late.stderr
    assert "nothing was written" in late.stderr
    bare = tmp_path / "bare.json"
    bare.write_text(json.dumps(whole["scenario"]))
    unversioned = scenario("edit", "Plan", bare)
    assert (unversioned.returncode, "give --version" in unversioned.stderr) == (2, True)
    assert landings(home) == before
    now = told(scenario("show", "Plan", "--json"))["version"]
    assert scenario("edit", "Plan", bare, "--version", now).returncode == 0


def test_a_grid_is_made_computed_exported_and_read_only(
    scenario: Command, home: Path, tmp_path: Path
) -> None:
    axes = ("--vary", "/streams/Living/amount=60,100", "--vary", "/retirement/age=62,65")
    made = scenario("create", "Ages", "--grid", "Plan", *axes)
    assert "noted: Ages, 4 scenarios" in made.stderr
    rows = told(scenario("grid", "Ages", "--json"))
    assert [row["/retirement/age"] for row in rows] == [62, 65, 62, 65]
    assert {row["basis_year"] for row in rows} == {2024}
    cell = f"Ages/{rows[3]['scenario_id']}"
    alone = told(scenario("simulate", cell, "--json"))
    assert alone["success"]["probability"] == rows[3]["success"]
    before = landings(home)
    for words in (
        ("edit", "Ages", "--set", "/fee=0"),
        ("event", "set", "Ages", "Car", "--at", "start", "--one-off", "1"),
        ("delete", "Plan"),
        ("save", cell),
    ):
        refused = scenario(*words)
        assert (refused.returncode, refused.stdout) == (2, "")
    assert landings(home) == before
    assert scenario("fork", cell, "Mine").returncode == 0
    assert scenario("edit", "Mine", "--set", "/fee=0.001").returncode == 0
    path = tmp_path / "grid.json"
    scenario("export", "Ages", path)
    again = scenario("import", path, "--name", "Again")
    assert again.returncode == 0, again.stderr
    assert told(scenario("grid", "Again", "--json")) == rows
    assert scenario("delete", "Ages").returncode == 0


def test_a_run_is_saved_and_held_against_what_came_true(scenario: Command) -> None:
    run_id = scenario("save", "Plan").stdout.strip()
    (row,) = told(scenario("runs", "plan", "--json"))
    assert (row["run_id"], row["base_date"], row["paths"]) == (run_id, "2024-01-03", 200)
    found = told(scenario("progress", "Plan", "--json"))
    assert (found["run_id"], found["day"], found["actual_nominal"]) == (
        run_id,
        "2024-01-03",
        1642.5,
    )
    scenario("edit", "Plan", "--set", "/fee=0.01")
    text = scenario("progress", run_id[:16]).stdout
    assert "1,642.50 USD of the day" in text
    assert "1,642.50 USD of 2024" in text
    assert "the scenario was edited since; the run stays as it was saved" in text
    assert scenario("delete", "Plan").returncode == 0
    assert "the scenario was deleted since" in scenario("progress", run_id).stdout
    assert told(scenario("runs", "--json"))[0] == row


def test_every_path_is_written_as_rows(scenario: Command, tmp_path: Path) -> None:
    path = tmp_path / "paths.parquet"
    ran = scenario("simulate", "Plan", "--paths", "300", "--paths-to", path)
    assert ran.returncode == 0, ran.stderr
    rows = pl.read_parquet(path)
    assert rows.height == 300 * 20 * 12
    assert rows["path"].unique().sort().to_list() == list(range(300))
    assert {"wealth_real", "wealth_nominal", "basis_year"} < set(rows.columns)
    nowhere = scenario("simulate", "Plan", "--paths-to", tmp_path / "none" / "paths.parquet")
    assert (nowhere.returncode, "cannot write to" in nowhere.stderr) == (1, True)


def test_tables_say_which_money_they_are_in(scenario: Command) -> None:
    real = scenario("simulate", "Plan", "--years").stdout.splitlines()[0].split(",")
    assert {"p5_real", "p95_real", "basis_year"} < set(real)
    nominal = scenario("simulate", "Plan", "--years", "--nominal").stdout.splitlines()[0]
    assert "p50_nominal" in nominal
    assert "_real" not in nominal
    header = scenario("project", "Plan", "--csv").stdout.splitlines()[0]
    assert "net_worth_real" in header
    assert "_nominal" not in header
    header = scenario("project", "Plan", "--nominal", "--csv").stdout.splitlines()[0]
    assert "net_worth_nominal" in header
    assert "_real" not in header


def test_the_earliest_retirement_and_the_most_spending_are_found(scenario: Command) -> None:
    found = told(scenario("solve", "Plan", "spending", "--confidence", "0.8", "--json"))
    assert found["success"] >= 0.8
    assert (found["currency"], found["basis_year"]) == ("USD", 2024)
    assert scenario("solve", "Plan", "retirement").stdout.startswith(("retirement", "no answer"))
    refused = scenario("solve", "Plan", "wealth", "--confidence", "1.5")
    assert (refused.returncode, "confidence: given 1.5" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "Nope"), "no one scenario 'Nope'"),
        (("simulate", "Nope"), "no one scenario 'Nope'"),
        (("simulate", "Nope/12"), "no one scenario 'Nope/12'"),
        (("progress", "Plan"), "no one saved run 'Plan'"),
        (("runs", "Nope"), "no one scenario 'Nope'"),
        (("grid", "Plan"), "a scenario made with --grid"),
        (("create", "Plan", "--from", "plan.json"), "there is a scenario 'Plan' already"),
        (("create", "New"), "give one of --template"),
        (("create", "New", "--from", "none.toml"), "No such file"),
        (("create", "G", "--grid", "Plan", "--vary", "/fee"), "is no axis"),
        (("create", "G", "--grid", "Plan"), "axes: given 0 scenarios"),
        (("create", "G", "--grid", "Plan", "--vary", "/nope/x=1"), "given /nope/x"),
        (("edit", "Plan"), "give a FILE, or --set"),
        (("edit", "Plan", "--set", "fee=1"), "is no change such as"),
        (("edit", "Plan", "--set", "/fee=2"), "fee: given 2; allowed is less than 1"),
        (("edit", "Plan", "--set", "/fee=much"), "fee: given 'much'"),
        (("edit", "Plan", "--set", "/fee=0.1", "--version", "old"), "was edited meanwhile"),
        (("event", "set", "Plan", "E", "--at", "2099-01-01", "--one-off", "1"), "events[1].at"),
        (("event", "set", "Plan", "E", "--one-off", "1"), "events[1].at: given nothing"),
        (("event", "delete", "Plan", "E"), "no one event 'E'"),
        (("goal", "set", "Plan", "G", "--kind", "retire"), "retire needs a time"),
        (("goal", "set", "Plan", "Leave", "--by", "age:70"), "given for a legacy"),
        (("fork", "Plan", "Plan"), "there is a scenario 'Plan' already"),
        (("compare", "Plan"), "scenarios: given 1"),
        (("compare", "Plan", "Plan"), "name: given Plan, Plan"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_landed(
    scenario: Command, home: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(document()))
    places = [tmp_path / word if word.endswith((".json", ".toml")) else word for word in words]
    before = landings(home)
    refused = scenario(*places)
    assert (refused.returncode in (1, 2), refused.stdout) == (True, "")
    assert message in refused.stderr
    assert landings(home) == before


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty.json", "", "empty.json: Expecting value"),
        ("empty.toml", "", "name: given nothing; this field is needed"),
        ("list.json", "[1]", "given a list; allowed is an object"),
        ("broken.toml", "name = ", "broken.toml: Invalid value"),
        ("binary.json", "\x00\x01", "binary.json"),
        ("wrong.json", '{"scenario": 3}', "scenario: given 3; allowed is an object"),
        ("grid.json", '{"grid": {"name": "G", "parent": "Plan", "axes": 3}}', "axes"),
        ("grid.json", '{"grid": {"name": "G", "parent": "Nope", "axes": {}}}', "'Nope'"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(
    scenario: Command, home: Path, tmp_path: Path, name: str, text: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    before = landings(home)
    refused = scenario("import", path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert message in refused.stderr
    assert landings(home) == before


def test_there_is_no_home(tenet_command: Command, tmp_path: Path) -> None:
    for words in (("list",), ("simulate", "Plan"), ("delete", "Plan")):
        refused = tenet_command("--home", tmp_path / "none", "scenario", *words)
        assert (refused.returncode, "no tenet home" in refused.stderr) == (2, True)
