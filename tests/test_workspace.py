"""Reading a published build from Python."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

import tenet
from tenet.build import build
from tenet.errors import HomeMissing, NoBuild, QueryFailed
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2024, 1, 6, tzinfo=UTC)


def test_answers_are_polars_frames_with_decimals(home: Path) -> None:
    query = "select net_worth from net_worth_daily where valuation_date = $day"
    frame = tenet.open(home).sql(query, {"day": date(2024, 1, 3)})
    assert frame.schema["net_worth"] == pl.Decimal(38, 2)
    assert frame.item() == Decimal("2742.50")


def test_a_newer_build_is_seen_by_the_next_question(home: Path) -> None:
    workspace = tenet.open(home)
    first = workspace.revision
    assert workspace.read("net_worth_daily").height == 3
    build(load(home, timezone="UTC", base_currency="EUR"), through=date(2024, 1, 4), at=AT)
    assert workspace.read("net_worth_daily").height == 4
    assert workspace.revision != first


def test_one_connection_answers_from_one_build(home: Path) -> None:
    with tenet.open(home).connection() as connection:
        build(load(home, timezone="UTC"), through=date(2024, 1, 4), at=AT)
        assert connection.execute("select count(*) from net_worth_daily").fetchone() == (3,)


def test_the_published_file_is_tables_only_and_opens_with_plain_duckdb(home: Path) -> None:
    connection = duckdb.connect(str(home / "tenet.duckdb"), read_only=True)
    assert connection.execute(
        "select count(*) from duckdb_views() where not internal"
    ).fetchone() == (0,)
    assert connection.execute("from net_worth_daily limit 1").fetchone()
    connection.close()
    assert sorted(path.name for path in home.iterdir()) == ["build.json", "raw", "tenet.duckdb"]


def test_no_home_no_build_and_a_wrong_query_are_told_apart(home: Path, tmp_path: Path) -> None:
    with pytest.raises(HomeMissing):
        tenet.open(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoBuild):
        tenet.open(tmp_path / "empty").read("net_worth_daily")
    with pytest.raises(QueryFailed, match="no_such_table"):
        tenet.open(home).read("no_such_table")
