"""Every notebook runs from top to bottom on every kind of home, and is well formed."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest
from conftest import AT, write_folder

from tenet import lake, notebooks
from tenet.build import build
from tenet.home import writing
from tenet.notebooks.pictures import charts_of
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2024, 1, 3)
ONE_ACCOUNT = {
    "accounts": "account_id,name,currency\nbank:1,Purse,USD\n",
    "snapshots": "snapshot_id,account_id,observed_at,status\n"
    "s1,bank:1,2024-01-03T20:00:00Z,success\n",
    "holdings": "snapshot_id,security_id,account_id,quantity,currency\ns1,_CASH:USD,bank:1,9,USD\n",
}
WITH_CHARTS = {"net_worth", "gaps", "scenarios"}


@pytest.fixture(params=notebooks.names())
def notebook(request: pytest.FixtureRequest) -> Path:
    return notebooks.shipped(request.param)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A home in which nothing was ever landed or built."""
    home = tmp_path / "empty"
    home.mkdir()
    return home


def test_a_notebook_runs_on_a_home_without_a_build(notebook: Path, empty: Path) -> None:
    assert charts_of(empty, notebook) == {}


def test_a_notebook_runs_on_a_build_of_nothing(notebook: Path, empty: Path) -> None:
    build(load(empty, timezone="UTC"), through=DAY, at=AT)
    assert charts_of(empty, notebook) == {}


def test_a_notebook_runs_on_one_account_of_one_day(
    notebook: Path, empty: Path, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "folder", ONE_ACCOUNT)
    lake.land(empty, "import", {path.stem: path for path in folder.iterdir()}, at=AT)
    build(load(empty, timezone="UTC"), through=DAY, at=AT)
    assert bool(charts_of(empty, notebook)) is (notebook.stem in WITH_CHARTS)


def test_a_notebook_runs_on_one_account_that_has_no_value(
    notebook: Path, empty: Path, tmp_path: Path
) -> None:
    tables = {name: text.replace("USD", "EUR") for name, text in ONE_ACCOUNT.items()}
    folder = write_folder(tmp_path / "folder", tables)
    lake.land(empty, "import", {path.stem: path for path in folder.iterdir()}, at=AT)
    build(load(empty, timezone="UTC"), through=DAY, at=AT)
    assert bool(charts_of(empty, notebook)) is (notebook.stem in WITH_CHARTS - {"scenarios"})


def test_a_notebook_runs_while_a_refresh_is_at_work(notebook: Path, home: Path) -> None:
    with writing(home, AT):
        half = home / "raw" / ".incoming" / "20240105T130000.000000Z-00000000"
        half.mkdir(parents=True)
        (half / "closes.parquet").write_bytes(b"PAR1")
        (home / "tenet.duckdb.1.building").write_bytes(b"half a file")
        assert bool(charts_of(home, notebook)) is (notebook.stem in WITH_CHARTS)


def test_a_notebook_runs_on_the_demo(notebook: Path, demo_home: Path) -> None:
    charts = charts_of(demo_home, notebook)
    assert bool(charts) is (notebook.stem in WITH_CHARTS)


def test_the_notebooks_are_well_formed() -> None:
    paths = [str(notebooks.shipped(name)) for name in notebooks.names()]
    check = [sys.executable, "-m", "marimo", "check", "--strict", *paths]
    run = subprocess.run(check, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
