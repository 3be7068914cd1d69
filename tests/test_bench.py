"""The bench: its households are what they promise to be, and its report has everything."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from tenet import lake
from tenet.bench.households import HOUSEHOLDS, LAST_DAY, SETTINGS, write
from tenet.bench.shares import PARTS, parts
from tenet.build import build
from tenet.cli import cli
from tenet.database import connect, literal
from tenet.settings import load


def contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = connect()
    query = "select columns(*)::varchar from read_parquet({}) order by all"
    return {
        path.name: connection.execute(query.format(literal(path))).fetchall()
        for path in sorted(folder.iterdir())
    }


def test_a_household_is_the_same_on_every_run(tmp_path: Path) -> None:
    for run in ("first", "second"):
        write(HOUSEHOLDS["small"], tmp_path / run)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_a_build_has_the_daily_values_that_the_household_promises(tmp_path: Path) -> None:
    write(HOUSEHOLDS["small"], tmp_path / "import")
    home = tmp_path / "home"
    home.mkdir()
    (home / "tenet.toml").write_text(SETTINGS)
    arguments = ["--home", str(home), "import", str(tmp_path / "import")]
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    info, is_new = build(load(home), through=LAST_DAY, at=datetime.now(UTC))
    assert is_new
    assert info["row_counts"]["daily_holding_values"] == HOUSEHOLDS["small"].daily_values


@pytest.mark.parametrize(
    ("size", "rows"), [("small", 37_000), ("family", 547_000), ("whale", 14_600_000)]
)
def test_the_sizes_are_those_of_the_targets(size: str, rows: int) -> None:
    assert HOUSEHOLDS[size].daily_values == pytest.approx(rows, rel=0.05)


def test_the_report_compares_a_build_with_its_floors(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    arguments = ["bench", "--size", "small", "--repeat", "1", "--json", "--out", str(out)]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found == json.loads(out.read_text())
    assert set(found) == {"measured_at", "tenet", "commit", "machine", "sizes"}
    small = found["sizes"]["small"]
    assert set(small) == {"household", "runs", "ratios", "parts", "seconds"}
    assert {"import", "build", "build unchanged", "status", "copy", "loop"} <= set(small["runs"])
    assert small["ratios"]["build to write floor, CPU"]["value"] > 0
    assert "daily_holding_values" in small["seconds"]
    assert set(small["parts"]) == set(PARTS)
    assert sum(small["parts"].values()) < sum(small["seconds"].values())
    assert small["ratios"]["bridge to values"]["value"] > 0


def test_a_part_has_what_only_its_marts_need() -> None:
    found = parts()
    assert {"int_prices", "int_positions", "stg_closes"} < found["values"]
    assert "int_silences" in found["trust"]
    assert "int_units_moved" in found["lots"]
    assert "holding_moves" in found["bridge"]
    assert not found["trust"] & found["values"]
    assert all(set(PARTS[part]) <= found[part] for part in PARTS)


def test_the_notebooks_are_measured_question_by_question(tmp_path: Path) -> None:
    from tenet.bench.notebooks import measured, report, table

    write(HOUSEHOLDS["small"], tmp_path / "import")
    home = tmp_path / "home"
    home.mkdir()
    (home / "tenet.toml").write_text(SETTINGS)
    files = {path.stem: path for path in (tmp_path / "import").iterdir()}
    lake.land(home, "import", files, at=datetime(2026, 1, 2, tzinfo=UTC))
    build(load(home), through=LAST_DAY, at=datetime(2026, 1, 2, tzinfo=UTC))
    seconds = measured(home, turns=1)
    assert {"select", "history", "by owner", "calendar", "why"} <= set(seconds)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    told = table(report({"small": {"daily_values": 36_135, "seconds": seconds}}, at))
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
    told = planning.report({"small": found}, datetime(2026, 1, 2, tzinfo=UTC))
    assert set(told["ratios"]) == {"cold to floor", "warm to cold", "grid to cold"}
    assert "a cold run adds" in planning.table(told)
