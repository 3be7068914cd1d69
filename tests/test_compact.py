"""Merged landings: fewer files, the same rows, values, ids and revision, whatever happens."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from conftest import AT, HOUSEHOLD, write_folder
from marts import landed_rows, marts

import tenet
from tenet import audit, explain, lake, resources, warehouse
from tenet.build import build, build_as_known
from tenet.compaction import compact
from tenet.database import connect, connect_reading
from tenet.errors import LakeCorrupt
from tenet.landings import MANIFEST, files, fingerprint, folder_of, landings, months
from tenet.schemas import DATASETS
from tenet.settings import load
from tenet.status import status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

THROUGH = date(2024, 3, 4)
CLOSE = "security_id,price_date,source,close,currency,basis,observed_at\n"
# What each landing brings, by its day; every dataset is among them.
LATER: dict[str, dict[str, str]] = {
    "2024-01-06": {
        "closes": CLOSE + "AAPL,2024-01-02,yahoo,186.00,USD,split_adjusted,2024-01-06T12:00:00Z\n"
    },
    "2024-01-07": {  # the household's account once more, in other words, and what it said before
        "accounts": "account_id,name,institution,currency\nbank:1,Giro,Example Bank,EUR\n",
        "account_edits": "account_id,edited_at,name\nbroker:1,2024-01-07T12:00:00Z,Depot\n",
        "security_edits": "security_id,edited_at,asset_class\nAAPL,2024-01-07T12:00:00Z,Tech\n",
        "asset_classes": "asset_class,edited_at,target_weight\nTech,2024-01-07T12:00:00Z,0.5\n",
        "fund_weights": "security_id,asset_class,edited_at,weight\n"
        "AAPL,Tech,2024-01-07T12:00:00Z,0.9\n",
        "tax_rates": "tax_bucket,edited_at,rate\ntaxable,2024-01-07T12:00:00Z,0.2\n",
        "scenarios": "scenario_id,edited_at,name,kind,is_deleted\n"
        "p1,2024-01-07T12:00:00Z,Plan,user,false\n",
        "life_events": "scenario_id,name,edited_at,place,document,is_deleted\n"
        "p1,Car,2024-01-07T12:00:00Z,0,{},false\n",
        "goals": "scenario_id,name,edited_at,place,document,is_deleted\n"
        "p1,House,2024-01-07T12:00:00Z,0,{},false\n",
        "plan_runs": "run_id,edited_at,scenario_id,scenario_name,version,inputs,input_hash,seed,"
        "paths,engine_version,numpy_version,base_date,currency,basis_year,success,success_low,"
        "success_high,fan,expected\n"
        "r1,2024-01-07T12:00:00Z,p1,Plan,1,{},x,1,1,1,2,2024-01-07,USD,2024,1,1,1,{},{}\n",
        "lot_choices": "account_id,external_id,lot_id,edited_at,quantity\n"
        "broker:1,s1,a1,2024-01-07T12:00:00Z,1\n",
    },
    "2024-01-20": {
        "sync_sessions": "session_id,started_at,is_complete\nx,2024-01-20T12:00:00Z,true\n",
        "sync_log": "session_id,provider,status\nx,broker,success\n",
        "account_syncs": "session_id,account_id,status\nx,broker:1,success\n",
        "snapshots": "snapshot_id,account_id,session_id,observed_at,status,currency\n"
        "s3,broker:1,x,2024-01-20T12:00:00Z,success,USD\n",
        "holdings": "snapshot_id,security_id,account_id,quantity,currency,snapshot_price\n"
        "s3,AAPL,broker:1,12,USD,190\n",
        "activities": "account_id,external_id,activity_date,type,security_id,quantity,price,"
        "amount,currency\nbroker:1,a1,2024-01-19,buy,AAPL,2,190,-380,USD\n",
    },
    "2024-02-02": {
        "account_edits": "account_id,edited_at,portfolio\nbroker:1,2024-02-02T12:00:00Z,Old age\n",
        "price_marks": "security_id,price_date,edited_at,price,currency\n"
        "AAPL,2024-01-10,2024-02-02T12:00:00Z,200,USD\n",
        "market_requests": "source,symbol,requested_at,first_date,last_date,status\n"
        "yahoo,AAPL,2024-02-02T12:00:00Z,2024-01-01,2024-02-01,ok\n",
    },
    "2024-02-03": {
        "activities": "account_id,external_id,activity_date,type,security_id,quantity,price,"
        "amount,currency\nbroker:1,a1,2024-01-19,buy,AAPL,2,191,-382,USD\n",
        "splits": "security_id,split_date,ratio,source,observed_at\n"
        "AAPL,2024-02-03,2,yahoo,2024-02-03T12:00:00Z\n",
        "dividends": "security_id,ex_date,amount,currency,source,observed_at\n"
        "AAPL,2024-02-01,0.24,USD,yahoo,2024-02-03T12:00:00Z\n",
    },
    "2024-03-01": {
        "closes": CLOSE + "AAPL,2024-02-29,yahoo,90,USD,split_adjusted,2024-03-01T12:00:00Z\n"
    },
    "2024-03-02": {
        "closes": CLOSE + "AAPL,2024-03-01,yahoo,91,USD,split_adjusted,2024-03-02T12:00:00Z\n"
    },
}
FEBRUARY = "2024-02"


def noon(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)


def build_again(home: Path, *, full: bool = False) -> tuple[Any, bool]:
    return build(load(home, timezone="UTC"), through=THROUGH, at=noon("2024-03-04"), full=full)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The household and what came later, through the fourth of March, built twice on the way."""
    folder = tmp_path_factory.mktemp("landed")
    home = folder / "home"
    for day, tables in {"2024-01-05": HOUSEHOLD, **LATER}.items():
        files = {path.stem: path for path in write_folder(folder / day, tables).iterdir()}
        lake.land(home, "import", files, at=noon(day))
        if day == "2024-01-20":  # so that what comes after it restates something
            build(load(home, timezone="UTC"), through=date(2024, 2, 1), at=noon(day))
    build_again(home)
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "home")


def test_the_landings_above_hold_every_dataset(home: Path) -> None:
    with lake.reading(home, *DATASETS) as connection:
        for name in DATASETS:
            assert connection.execute(f"select count(*) from raw_{name}").fetchone() != (0,), name


def test_a_closed_month_becomes_one_folder_and_the_open_one_stays(home: Path) -> None:
    before, rows = landings(home), landed_rows(home)
    datasets = [one.datasets for one in before]
    merged = compact(home, through=FEBRUARY)
    assert [(one.kind, one.month, one.landings) for one in merged] == [
        ("import", "2024-01", 4),
        ("import", "2024-02", 2),
    ]
    assert [(one.kind, one.landing_id) for one in landings(home)] == [
        (one.kind, one.landing_id) for one in before
    ]
    assert [one.datasets for one in landings(home)] == datasets
    folders = {month.month: {one.path for one in month.landings} for month in months(home)}
    assert {month: len(paths) for month, paths in folders.items() if month != "2024-03"} == {
        "2024-01": 1,
        "2024-02": 1,
    }
    assert len({one.path for one in landings(home) if "2024-03" in str(one.path)}) > 1
    assert landed_rows(home) == rows
    for landing in landings(home):
        lake.require_as_landed(landing.path)
        assert {path.stat().st_mode & 0o777 for path in landing.path.iterdir()} == {0o600}
    assert compact(home, through=FEBRUARY) == []


def test_nothing_published_changes(home: Path) -> None:
    build_again(home, full=True)  # so that it knows of its own restatements
    found, before = status(home), marts(home)
    assert before["restatements"]
    compact(home, through=FEBRUARY)
    assert status(home) == found
    assert not build_again(home)[1]
    assert build_again(home, full=True)[1]
    assert marts(home) == before
    (home / "tenet.duckdb").unlink()
    build_again(home)
    assert marts(home) == before


def test_a_correction_after_a_merge_is_told_with_its_own_cause(home: Path, tmp_path: Path) -> None:
    compact(home, through=FEBRUARY)
    text = CLOSE + "AAPL,2024-01-03,yahoo,185.00,USD,split_adjusted,2024-03-03T12:00:00Z\n"
    files = {path.stem: path for path in write_folder(tmp_path / "x", {"closes": text}).iterdir()}
    lake.land(home, "prices", files, at=noon("2024-03-03"))
    before = len(marts(home)["restatements"])
    build_again(home)
    rows = audit.restatements(tenet.open(home), by_day=True).to_dicts()
    new = [row for row in rows if row["revision"] == tenet.open(home).revision]
    assert len(rows) - before == len(new) > 0
    assert {row["cause"] for row in new} == {"price"}


def test_a_build_as_known_within_a_merged_month_is_made_of_what_had_landed(
    home: Path, tmp_path: Path
) -> None:
    def known(name: str) -> list[Any]:
        path = tmp_path / name
        build_as_known(load(home, timezone="UTC"), on=date(2024, 1, 6), at=AT, into=path)
        connection = connect_reading(path)
        try:
            query = "select columns(*)::varchar from daily_holding_values order by all"
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    before = known("before.duckdb")
    compact(home, through=FEBRUARY)
    assert known("after.duckdb") == before


def test_a_number_leads_to_the_merged_folder(home: Path) -> None:
    compact(home, through=FEBRUARY)
    workspace = tenet.open(home)
    (row,) = explain.holdings(workspace, date(2024, 1, 3), security="AAPL")
    (close,) = explain.chain(workspace, row)["closes"]
    assert close["file"] == str(landings(home)[0].path / "closes.parquet")
    assert close["landing_id"] == landings(home)[0].landing_id
    assert folder_of(home, "20240105T120000.000000Z-nothere0") is None


def test_what_a_merged_folder_holds_is_not_landed_again(home: Path, folder: Path) -> None:
    compact(home, through=FEBRUARY)
    mended = folder / "accounts.csv"  # the newest row of bank:1 is another one by now
    mended.write_text(mended.read_text().replace("Current account", "Giro"))
    tables = {path.stem: path for path in folder.iterdir() if path.stem != "closes"}
    assert lake.land(home, "import", tables, at=noon("2024-03-03"))[0] is None


def test_a_late_landing_is_merged_with_the_month(home: Path, tmp_path: Path) -> None:
    compact(home, through=FEBRUARY)
    text = CLOSE + "AAPL,2024-01-04,yahoo,185.00,USD,split_adjusted,2024-01-31T12:00:00Z\n"
    tables = {path.stem: path for path in write_folder(tmp_path / "x", {"closes": text}).iterdir()}
    lake.land(home, "import", tables, at=noon("2024-01-31"))
    rows, known = landed_rows(home), fingerprint(landings(home))
    (again,) = compact(home, through=FEBRUARY)
    assert (again.month, again.landings, again.before.folders) == ("2024-01", 5, 2)
    assert (landed_rows(home), fingerprint(landings(home))) == (rows, known)


def test_folders_that_a_killed_merge_left_count_once_and_are_removed_by_the_next(
    home: Path, tmp_path: Path
) -> None:
    shutil.copytree(home / "raw", tmp_path / "before")
    rows, known = landed_rows(home), landings(home)
    compact(home, through=FEBRUARY)
    shutil.copytree(tmp_path / "before", home / "raw", dirs_exist_ok=True)
    half = known[0].path
    (half / "closes.parquet").unlink()
    assert [one.landing_id for one in landings(home)] == [one.landing_id for one in known]
    assert landed_rows(home) == rows
    assert not build_again(home)[1]
    again = compact(home, through=FEBRUARY)
    assert [(one.month, one.before.folders) for one in again] == [("2024-01", 5), ("2024-02", 3)]
    assert landed_rows(home) == rows
    assert not half.exists()


def test_rows_that_are_there_twice_change_nothing(home: Path, tmp_path: Path) -> None:
    landed = landings(home)

    def tables(times: int) -> dict[str, list[Any]]:
        scans = {name: lake.scan(name, landed) for name in DATASETS}
        raw = {name: " union all ".join([scan] * times) for name, scan in scans.items()}
        values = {"through_date": THROUGH, "base_currency": "USD", "timezone": "UTC"}
        values |= {"stale_price_days": 7}
        path = tmp_path / f"{times}.duckdb"
        warehouse.build_file(path, raw, values, values, resources.folder("sql"))
        connection = connect_reading(path)
        try:
            names = [name for (name,) in connection.execute("show tables").fetchall()]
            return {
                name: connection.execute(
                    f"select columns(*)::varchar from {name} order by all"
                ).fetchall()
                for name in names
                if not name.startswith("build_")
            }
        finally:
            connection.close()

    assert tables(2) == tables(1)


def test_older_landings_without_a_column_or_with_one_more_lose_nothing(home: Path) -> None:
    first, second, *_ = landings(home)
    for landing in (first, second):
        path = landing.path / "closes.parquet"
        table = pl.read_parquet(path)
        if landing == first:
            table.with_columns(colour=pl.lit("red")).write_parquet(path)
        else:
            table.drop("observed_at").write_parquet(path)
        (landing.path / MANIFEST).unlink()
    (first.path / "of_a_newer_version.parquet").write_bytes(
        (second.path / "closes.parquet").read_bytes()
    )
    rows = landed_rows(home)
    compact(home, through=FEBRUARY)
    assert landed_rows(home) == rows
    folder = landings(home)[0].path
    assert sorted(pl.read_parquet(folder / "closes.parquet")["colour"].to_list(), key=str) == [
        None,
        "red",
        "red",
    ]
    assert len(pl.read_parquet(folder / "of_a_newer_version.parquet")) == 1


@pytest.mark.parametrize("damage", ["altered", "missing", "strange", "cut"])
def test_what_is_not_as_it_was_landed_is_not_merged(home: Path, damage: str) -> None:
    landing = landings(home)[0]
    path = landing.path / "closes.parquet"
    if damage == "altered":
        content = bytearray(path.read_bytes())
        content[20] ^= 1
        path.write_bytes(content)
    elif damage == "missing":
        path.unlink()
    elif damage == "strange":
        (landing.path / "token.json").write_text("{}")
    else:
        (landing.path / MANIFEST).unlink()
        path.write_bytes(path.read_bytes()[:-9])
    before = sorted(home.rglob("raw/*/*/*/*"))
    with pytest.raises(LakeCorrupt):
        compact(home, through=FEBRUARY)
    assert sorted(home.rglob("raw/*/*/*/*")) == before
    assert not [*home.glob("raw/.incoming/*")]


def test_a_merged_folder_without_its_manifest_is_told(home: Path) -> None:
    compact(home, through=FEBRUARY)
    manifest = landings(home)[0].path / MANIFEST
    manifest.write_text("{")
    with pytest.raises(LakeCorrupt, match=r"manifest\.json"):
        landings(home)
    manifest.write_text('{"files": {}}')
    with pytest.raises(LakeCorrupt, match="which landings"):
        landings(home)


def test_a_reader_that_found_a_folder_before_it_was_merged_is_told_to_ask_again(home: Path) -> None:
    found = landings(home)
    compact(home, through=FEBRUARY)
    with pytest.raises(LakeCorrupt) as told:
        lake.scan("closes", found)
    assert told.value.hint == "run the same command again"


def test_each_file_is_listed_once_however_many_landings_it_holds(home: Path) -> None:
    compact(home, through=FEBRUARY)
    paths = files(landings(home), "closes")
    assert len(paths) == len(set(paths)) == 4 - 1


def test_a_merged_file_is_sorted_by_its_key(home: Path) -> None:
    compact(home, through=FEBRUARY)
    path = files(landings(home), "closes")[0]
    connection = connect()
    keys = "security_id, price_date, source, landing_id"
    found = connection.execute(f"select {keys} from '{path}'").fetchall()
    assert len(found) == 3
    assert found == sorted(found)


def test_the_command_merges_months_that_are_over_and_says_what_it_would_merge(
    home: Path, tenet_command: Callable[..., Run]
) -> None:
    before = sorted(home.rglob("raw/*/*/*"))
    would = tenet_command("--home", home, "--today", "2024-03-09", "compact", "--dry-run")
    assert "would merge import 2024-01: 4 landings, " in would.stderr
    assert sorted(home.rglob("raw/*/*/*")) == before
    early = tenet_command("--home", home, "compact", "--through", "2024-01", "--json")
    (merged,) = json.loads(early.stdout)
    assert (merged["month"], merged["landings"], merged["after"]["folders"]) == ("2024-01", 4, 1)
    open_month = ("--today", "2024-03-09", "compact", "--through", "2024-03")
    refused = tenet_command("--home", home, *open_month)
    assert (refused.returncode, "2024-03 is not over yet" in refused.stderr) == (2, True)
    done = tenet_command("--home", home, "--today", "2024-03-09", "compact")
    assert "merged import 2024-02: 2 landings" in done.stderr
    assert "2024-03" not in done.stderr
    assert (
        "nothing to merge"
        in tenet_command("--home", home, "--today", "2024-03-09", "compact").stderr
    )
    assert tenet_command("--home", home / "nowhere", "compact").returncode == 2


def test_the_household_is_whole(home: Path) -> None:
    assert set(HOUSEHOLD) <= {name for one in landings(home) for name in one.datasets}
