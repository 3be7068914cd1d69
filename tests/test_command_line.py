"""The commands, as people call them: data on stdout, talk on stderr, exit codes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    Command = Callable[..., Run]


def test_from_an_empty_folder_to_net_worth(
    tenet_command: Command, tmp_path: Path, folder: Path
) -> None:
    home = tmp_path / "new home"
    assert tenet_command("--home", home, "init").returncode == 0
    assert "base_currency" in (home / "tenet.toml").read_text()
    assert "2 accounts" in tenet_command("--home", home, "import", folder).stderr
    assert tenet_command("--home", home, "build", "--today", "2024-01-03").returncode == 0
    shown = tenet_command("--home", home, "networth").stdout
    assert "2,742.50 USD" in shown
    assert home.stat().st_mode & 0o777 == 0o700


def test_importing_the_same_folder_twice_lands_nothing_and_says_so(
    tenet_command: Command, home: Path, folder: Path
) -> None:
    again = tenet_command("--home", home, "import", folder)
    assert (again.returncode, "nothing new" in again.stderr) == (0, True)
    assert len(list((home / "raw" / "import").glob("*/*"))) == 1


def test_an_unchanged_build_builds_nothing_and_says_so(tenet_command: Command, home: Path) -> None:
    before = (home / "tenet.duckdb").stat().st_mtime_ns
    again = tenet_command("--home", home, "--today", "2024-01-03", "build")
    assert "unchanged" in again.stderr
    assert (home / "tenet.duckdb").stat().st_mtime_ns == before
    later = tenet_command("--home", home, "build", "--today", "2024-01-04")
    assert "built" in later.stderr


def test_a_changed_setting_builds_anew(tenet_command: Command, home: Path) -> None:
    built = tenet_command(
        "--home", home, "build", "--today", "2024-01-03", TENET_BASE_CURRENCY="EUR"
    )
    assert "built" in built.stderr
    assert "EUR" in tenet_command("--home", home, "networth").stdout


def test_net_worth_as_data(tenet_command: Command, home: Path) -> None:
    (found,) = json.loads(tenet_command("--home", home, "networth", "--json").stdout)
    assert (found["net_worth"], found["assets"], found["liabilities"]) == (2742.5, 2942.5, 200)
    history = tenet_command("--home", home, "networth", "--history", "--csv").stdout
    days = list(csv.DictReader(io.StringIO(history)))
    assert [day["net_worth"] for day in days] == ["2756.40", "2756.40", "2742.50"]


@pytest.mark.parametrize(
    ("dimension", "first"),
    [
        ("account", {"account_name": "Brokerage", "market_value_base": 1642.5}),
        ("portfolio", {"portfolio": "unassigned", "total_value": 2742.5}),
        ("currency", {"currency": "USD", "market_value_base": 1642.5}),
    ],
)
def test_net_worth_by(
    tenet_command: Command, home: Path, dimension: str, first: dict[str, object]
) -> None:
    rows = json.loads(tenet_command("--home", home, "networth", "--by", dimension, "--json").stdout)
    assert {name: rows[0][name] for name in first} == first


def test_a_day_before_the_first_is_not_known(tenet_command: Command, home: Path) -> None:
    early = tenet_command("--home", home, "--today", "2023-12-31", "networth")
    assert (early.returncode, early.stdout) == (2, "")
    assert "values begin on 2024-01-01" in early.stderr


def test_sql_answers_as_csv_in_a_pipe_and_as_exact_json(tenet_command: Command, home: Path) -> None:
    query = "select security_id, close_price from holdings_current order by 1"
    piped = tenet_command("--home", home, "sql", query).stdout
    assert piped.splitlines()[:2] == ["security_id,close_price", "AAPL,184.2500000000"]
    exact = tenet_command(
        "--home", home, "sql", "select 12345678901234567.89 as x", "--json"
    ).stdout
    assert '"x": 12345678901234567.89' in exact


def test_sql_cannot_change_the_published_build(tenet_command: Command, home: Path) -> None:
    refused = tenet_command("--home", home, "sql", "delete from net_worth_daily")
    assert refused.returncode == 1
    assert "read-only" in refused.stderr


def test_status_says_when_the_build_is_older_than_the_lake(
    tenet_command: Command, home: Path, folder: Path
) -> None:
    assert json.loads(tenet_command("--home", home, "status", "--json").stdout)["is_current"]
    closes = folder / "closes.csv"
    closes.write_text(closes.read_text().replace("184.25", "184.26"))
    tenet_command("--home", home, "import", folder)
    assert "run `tenet build`" in tenet_command("--home", home, "status").stdout


def test_status_imports_no_database_and_no_data_frames(home: Path) -> None:
    code = (
        "import sys; sys.argv[1:] = ['--home', sys.argv[1], 'status']\n"
        "from tenet.cli import main\n"
        "try: main()\n"
        "finally: print([name for name in ('duckdb', 'polars', 'pydantic') if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, home], capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_export_writes_every_mart_with_a_manifest(
    tenet_command: Command, home: Path, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "export"
    assert tenet_command("--home", home, "export", target, "--format", kind).returncode == 0
    manifest = json.loads((target / "manifest.json").read_text())
    names = {table["name"]: table for table in manifest["tables"]}
    assert {"daily_holding_values", "net_worth_daily", "holdings_current"} <= set(names)
    assert names["net_worth_daily"]["rows"] == 3
    for table in manifest["tables"]:
        content = (target / table["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == table["sha256"]
    assert len(list(target.iterdir())) == len(names) + 1


def test_quiet_says_nothing(tenet_command: Command, home: Path) -> None:
    assert tenet_command("-q", "--home", home, "build", "--today", "2024-01-03").stderr == ""
