"""The bench: its households are what they promise to be, and its report has everything."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tenet import lake, resources
from tenet.bench import doubles, growth, landed, markdown, queries, regressions, suite
from tenet.bench.arrays import cents, join, numpy
from tenet.bench.drawn import growth as growth_chart
from tenet.bench.drawn import write_svg
from tenet.bench.homes import make_home, require_room
from tenet.bench.households import HOUSEHOLDS, LAST_DAY, Household, household, write
from tenet.bench.measure import run
from tenet.bench.ratios import TARGETS, share_of_target
from tenet.bench.shares import PARTS, parts
from tenet.build import build
from tenet.cli import cli
from tenet.database import connect, connect_reading, literal
from tenet.errors import BenchRegressed, BenchTooLarge, TenetError
from tenet.landings import landings
from tenet.schemas import DATASETS
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 2, tzinfo=UTC)


def contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = connect()
    query = "select columns(*)::varchar from read_parquet({}) order by all"
    return {
        path.name: connection.execute(query.format(literal(path))).fetchall()
        for path in sorted(folder.iterdir())
    }


def test_a_household_is_the_same_on_every_run(tmp_path: Path) -> None:
    for turn in ("first", "second"):
        write(HOUSEHOLDS["small"], tmp_path / turn)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small household, imported and built."""
    folder = tmp_path_factory.mktemp("small")
    write(HOUSEHOLDS["small"], folder / "import")
    home = make_home(folder / "home")
    arguments = ["--home", str(home), "import", str(folder / "import")]
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    build(load(home), through=LAST_DAY, at=AT)
    return home


def test_a_build_has_the_daily_values_that_the_household_promises(home: Path) -> None:
    rows = json.loads((home / "build.json").read_text())["row_counts"]
    assert rows["daily_holding_values"] == HOUSEHOLDS["small"].daily_values


@pytest.mark.parametrize(
    ("size", "rows"),
    [("small", 37_000), ("family", 547_000), ("whale", 14_600_000), ("xl", 109_000_000)],
)
def test_the_sizes_are_those_of_the_targets(size: str, rows: int) -> None:
    assert HOUSEHOLDS[size].daily_values == pytest.approx(rows, rel=0.05)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of one turn of everybody on the small household."""
    folder = tmp_path_factory.mktemp("bench")
    out, chart = folder / "bench.json", folder / "bench.svg"
    arguments = ["bench", "--size", "small", "--repeat", "1", "--json"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suite, "_warmed", ["small"])
        files = ["--out", str(out), "--chart", str(chart)]
        result = CliRunner().invoke(cli, [*arguments, *files], catch_exceptions=False)
    assert result.exit_code == 0
    found: dict[str, Any] = json.loads(result.stdout)
    assert found == json.loads(out.read_text())
    assert chart.read_text().startswith("<svg")
    return found


def test_the_report_compares_commands_with_their_floors(found: dict[str, Any]) -> None:
    assert set(found) == {"measured_at", "tenet", "commit", "machine", "sizes"}
    small = found["sizes"]["small"]
    assert set(small) == {"household", "runs", "answers", "ratios", "parts", "seconds"}
    assert {*regressions.JUDGED, *regressions.FLOORS, "numpy", "join"} <= set(small["runs"])
    assert all(run["cpu"] > 0 < run["peak"] for run in small["runs"].values())
    assert list(small["ratios"]) == list(TARGETS)
    assert "daily_holding_values" in small["seconds"]
    assert set(small["parts"]) == set(PARTS)
    assert sum(small["parts"].values()) < sum(small["seconds"].values())


def test_the_report_as_tables_names_every_run_and_marks_missed_targets(
    found: dict[str, Any],
) -> None:
    small = found["sizes"]["small"]
    told = {name: {"value": 1.0, "target": None} for name in TARGETS}
    told["status to Python start"] = {"value": 5.0, "target": "<= 4"}
    told["Python loop to build"] = {"value": 4.0, "target": ">= 4"}
    section = markdown.section(found | {"sizes": {"small": small | {"ratios": told}}})
    assert all(f"| {name} |" in section for name in small["runs"])
    assert "| status to Python start | **5.00** (<= 4) |" in section
    assert "| Python loop to build | 4.00 (>= 4) |" in section


def test_a_part_has_what_only_its_marts_need() -> None:
    found = parts()
    assert {"int_prices", "int_positions", "stg_closes"} < found["values"]
    assert "int_silences" in found["trust"]
    assert "int_units_moved" in found["lots"]
    assert "holding_moves" in found["bridge"]
    assert not found["trust"] & found["values"]
    assert all(set(PARTS[part]) <= found[part] for part in PARTS)


def test_the_notebooks_are_measured_question_by_question(home: Path) -> None:
    from tenet.bench.notebooks import measured, report, table

    seconds = measured(home, turns=1)
    assert {"select", "history", "by owner", "calendar", "why"} <= set(seconds)
    told = table(report({"small": {"daily_values": 36_135, "seconds": seconds}}, AT))
    assert "calendar" in told


def test_a_plan_is_measured_beside_its_random_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    from tenet.bench import planning

    for name, value in {"PATHS": 100, "YEARS": 10, "CELLS": 3}.items():
        monkeypatch.setattr(planning, name, value)
    found = planning.measured(turns=2)
    assert {name: len(seconds) for name, seconds in found["cpu"].items()} == {
        "floor": 2,
        "cold": 2,
        "warm": 2,
        "grid": 1,
    }
    told = planning.report({"small": found}, AT)
    assert set(told["ratios"]) == {"cold to floor", "warm to cold", "grid to cold"}
    assert "a cold run adds" in planning.table(told)


def test_a_household_is_named_or_made_of_four_numbers() -> None:
    assert household("family") == HOUSEHOLDS["family"]
    assert household("2x3x4x5") == Household(years=2, accounts=3, holdings=4, securities=5)


def test_a_size_that_no_disk_holds_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(BenchTooLarge, match=r"needs .* GB of disk"):
        require_room("1000x1000x1000x10", tmp_path / "not" / "there")
    assert list(tmp_path.iterdir()) == []


def test_a_process_is_measured_without_settings_of_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TENET_HOME", "PYTHONDONTWRITEBYTECODE", "ANOTHER"):
        monkeypatch.setenv(name, "1")
    told = run([sys.executable, "-c", "import os; print(*os.environ)"]).output.split()
    assert "ANOTHER" in told
    assert not {"TENET_HOME", "PYTHONDONTWRITEBYTECODE"} & set(told)


def test_a_process_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(TenetError, match="failed") as caught:
        run([sys.executable, "-c", "raise SystemExit('no luck')"])
    assert caught.value.hint == "no luck"


FACTORS = st.decimals("-90000", "90000", places=4)


@given(FACTORS, FACTORS, st.sampled_from(["1", "0.01", "100"]).map(Decimal))
def test_numpy_makes_exact_cents(quantity: Decimal, price: Decimal, multiplier: Decimal) -> None:
    factors = (quantity, price, multiplier)
    exact = (quantity * price * multiplier * 100).quantize(Decimal(1), ROUND_HALF_UP)
    assert cents(*(np.array([int(one * 10**10)]) for one in factors)).tolist() == [int(exact)]


def test_numpy_and_polars_value_every_row_of_the_build(home: Path, tmp_path: Path) -> None:
    rows = HOUSEHOLDS["small"].daily_values
    assert numpy(home / "tenet.duckdb") == rows
    assert join(home, tmp_path / "join.parquet") == rows
    joined = pl.read_parquet(tmp_path / "join.parquet")
    query = """
        select valuation_date as day, account_id, security_id, market_value_base::double as tenet
        from daily_holding_values where price_source = 'cash'"""
    connection = connect_reading(home / "tenet.duckdb")
    built = connection.sql(query).pl()
    connection.close()
    both = built.join(joined, on=["day", "account_id", "security_id"])
    assert len(both) == len(built) == 3 * 365 * 3
    assert both["tenet"].to_list() == both["value_base"].to_list()


def test_the_questions_of_a_screen_have_answers(home: Path) -> None:
    seconds = queries.measured(home, times=2)
    assert {name: len(each) for name, each in seconds.items()} == dict.fromkeys(
        queries.QUESTIONS, 2
    )


def test_a_tenet_with_double_cents_gets_half_cents_wrong(tmp_path: Path) -> None:
    doubles.write(tmp_path)
    query = "select value_in_cents(1.005::decimal(28, 10), 1::decimal(28, 10), 1)::varchar"
    found = []
    for sql in (resources.folder("sql"), tmp_path / "tenet" / "_sql"):
        connection = connect()
        connection.execute((sql / "macros.sql").read_text())
        found.append(connection.execute(query).fetchall())
        connection.close()
    assert found == [[("1.01",)], [("1.00",)]]


def test_the_rows_are_the_same_in_however_many_landings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landed, "SYNCS", 40)
    found = []
    for count in (1, 7):
        home = make_home(tmp_path / f"{count}")
        landed.write(count, home, tmp_path / f"tomorrow-{count}")
        known = landings(home)
        assert len(known) == count
        assert all(lake.require_as_landed(landing.path) for landing in known)
        names = sorted({name for landing in known for name in landing.datasets})
        found.append({name: rows_of(name, home) for name in names})
    assert found[0] == found[1]
    assert len(found[0]["snapshots"]) == 40 * landed.ACCOUNTS
    assert len(list((tmp_path / "tomorrow-7").iterdir())) == 5


POINT = {"build": {"wall": 2.0, "cpu": 3.0, "peak": 5e6}}
LANDED = POINT | {"files": 8, "one new day": {"wall": 1.5, "cpu": 1.25}, "status": {"wall": 0.1}}
GROWN = {
    "rows": [POINT | {"daily_values": 10, "years": 1}],
    "years": [POINT | {"daily_values": 20, "years": 2}],
    "landings": [
        LANDED | {"landings": 1000, "is_compacted": False},
        LANDED | {"landings": 1000, "is_compacted": True, "compact": {"wall": 9.0}},
    ],
}


def test_growth_is_told_and_drawn(tmp_path: Path) -> None:
    found = growth.report({"any": GROWN}, AT)
    assert (
        "| 1,000, compacted | 8 | 2.00 | 3.00 | 5 | 1.50 | 1.25 | 0.10 | 9.0 |"
        in growth.markdown(found)
    )
    assert "1,000, compacted" in growth.table(found)
    write_svg(growth_chart(found), tmp_path / "growth.svg")
    assert "one new day, compacted" in (tmp_path / "growth.svg").read_text()


@pytest.mark.parametrize(
    ("value", "target", "share"), [(6, "<= 3", 2), (2, ">= 4", 2), (4, ">= 4", 1)]
)
def test_a_target_is_met_up_to_a_share_of_one(value: float, target: str, share: float) -> None:
    assert share_of_target(value, target) == share


def test_what_is_worse_by_half_has_regressed() -> None:
    before = {"build": 2.0, "gaps": 1.0}
    now = {"build": 3.01, "gaps": 1.5, "new command": 9.0}
    assert regressions.regressed(now, before) == {"build": (3.01, 2.0)}


def test_the_baseline_has_every_command_that_is_judged() -> None:
    assert set(regressions.baseline()) == set(regressions.JUDGED)


def test_a_regression_fails_until_the_baseline_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regressions, "BASELINE", tmp_path / "baseline.json")
    regressions.judge(regressions.report({"small": {"build": 2.0}}, AT), renew=True)
    slower = regressions.report({"small": {"build": 4.0}}, AT)
    assert "4.00      2.00" in regressions.table(slower)
    with pytest.raises(BenchRegressed, match=r"build: 4.00, was 2.00"):
        regressions.judge(slower, renew=False)
    regressions.judge(slower, renew=True)
    regressions.judge(slower, renew=False)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["freshness", "--markdown"], "are of build and growth"),
        (["--renew"], "is of regressions"),
        (["--out", "no/such/folder/bench.json"], "there is no folder"),
        (["--size", "huge"], "is not one of"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_measured(
    arguments: list[str], complaint: str
) -> None:
    result = CliRunner().invoke(cli, ["bench", *arguments])
    assert result.exit_code == 2
    assert complaint in result.stderr


def rows_of(dataset: str, home: Path) -> list[tuple[Any, ...]]:
    """Everything that was landed but for the landings' ids."""
    columns = ", ".join(column.name for column in DATASETS[dataset].columns)
    connection = connect()
    query = f"select {columns} from ({lake.scan(dataset, landings(home))}) order by all"
    found = connection.execute(query).fetchall()
    connection.close()
    return found
