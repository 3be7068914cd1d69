"""A number leads to the landed rows that it was made of, by the arithmetic that was published."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from conftest import write_folder

import tenet
from tenet import explain, lake
from tenet.build import build
from tenet.errors import DayTooEarly, DayTooLate, NotFound
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

AT = datetime(2024, 1, 6, 12, tzinfo=UTC)
DAY = date(2024, 1, 3)


def test_a_total_is_the_sum_of_the_accounts_that_explain_it(home: Path) -> None:
    found = explain.total(tenet.open(home), DAY)
    assert [row["account_id"] for row in found["accounts"]] == ["broker:1", "bank:1"]
    assert sum(row["market_value_base"] for row in found["accounts"]) == found["net_worth"]


def test_a_holding_leads_to_its_snapshot_its_close_and_the_file_of_each(home: Path) -> None:
    workspace = tenet.open(home)
    (row,) = explain.holdings(workspace, DAY, security="aapl")
    found = explain.chain(workspace, row)
    (close,) = found["closes"]
    assert (found["quantity"], close["close"]) == (10, Decimal("184.25"))
    assert found["snapshot"]["observed_at"] == datetime(2024, 1, 1, 20, tzinfo=UTC)
    for part, name in (
        (found["snapshot"], "snapshots"),
        (found["line"], "holdings"),
        (close, "closes"),
    ):
        (landed,) = (home / "raw").glob(f"*/*/{part['landing_id']}/{name}.parquet")
        assert part["file"] == str(landed)


def test_a_corrected_close_names_the_guilty_landing_and_the_one_that_mended_it(
    home: Path, tmp_path: Path
) -> None:
    header = "security_id,price_date,source,close,currency,basis,observed_at\n"
    row = "AAPL,2024-01-03,yahoo,186.00,USD,split_adjusted,2024-01-06T12:00:00Z\n"
    folder = write_folder(tmp_path / "later", {"closes": header + row})
    landing, _ = lake.land(home, "prices", {"closes": folder / "closes.csv"}, at=AT)
    build(load(home, timezone="UTC"), through=DAY, at=AT)
    workspace = tenet.open(home)
    (held,) = explain.holdings(workspace, DAY, security="AAPL")
    newer, older = explain.chain(workspace, held)["closes"]
    assert landing
    assert newer["file"] == str(landing.path / "closes.parquet")
    assert (newer["close"], older["close"]) == (Decimal(186), Decimal("184.25"))
    assert newer["file"] != older["file"]


def test_splits_since_the_snapshot_stand_beside_the_count(home: Path, tmp_path: Path) -> None:
    header = "security_id,split_date,ratio,source,observed_at\n"
    text = header + "AAPL,2024-01-03,2,yahoo,2024-01-06T12:00:00Z\n"
    folder = write_folder(tmp_path / "later", {"splits": text})
    lake.land(home, "prices", {"splits": folder / "splits.csv"}, at=AT)
    build(load(home, timezone="UTC"), through=DAY, at=AT)
    workspace = tenet.open(home)
    (held,) = explain.holdings(workspace, DAY, account_id="broker:1", security="AAPL")
    found = explain.chain(workspace, held)
    assert [one["ratio"] for one in found["splits_of_quantity"]] == [2]
    assert (found["line"]["quantity"], found["quantity"]) == (10, 20)


def test_a_close_that_the_guard_left_out_is_named_with_its_file(
    home: Path, tmp_path: Path, tenet_command: Callable[..., Run]
) -> None:
    header = "security_id,price_date,source,close,currency,basis,observed_at\n"
    text = header + "".join(
        f"AAPL,2024-01-{day:02},yahoo,{close},USD,split_adjusted,2024-01-06T12:00:00Z\n"
        for day, close in ((3, "1.8425"), (4, "184.50"), (5, "184.75"))
    )
    folder = write_folder(tmp_path / "later", {"closes": text})
    landing, _ = lake.land(home, "prices", {"closes": folder / "closes.csv"}, at=AT)
    build(load(home, timezone="UTC"), through=date(2024, 1, 5), at=AT)
    workspace = tenet.open(home)
    (held,) = explain.holdings(workspace, DAY, security="AAPL")
    (issue,) = explain.chain(workspace, held)["issues"]
    assert landing
    assert (issue["kind"], issue["close"]) == ("price_out_of_range", Decimal("1.8425"))
    assert issue["file"] == str(landing.path / "closes.parquet")
    told = tenet_command("--home", home, "explain", "2024-01-03", "--security", "AAPL").stdout
    noticed = "noticed: price_out_of_range on 2024-01-03 (yahoo): 1.8425"
    assert [line.strip() for line in told.splitlines()[-2:]] == [noticed, issue["file"]]


def test_a_foreign_amount_leads_to_its_rate(home: Path) -> None:
    workspace = tenet.open(home)
    (held,) = explain.holdings(workspace, DAY, account_id="bank:1")
    (rate,) = explain.chain(workspace, held)["rates"]
    assert (rate["rate"], rate["rate_date"]) == (Decimal("1.10"), date(2024, 1, 1))


def test_what_is_not_there_is_told(home: Path) -> None:
    workspace = tenet.open(home)
    with pytest.raises(DayTooEarly):
        explain.total(workspace, date(2020, 1, 1))
    with pytest.raises(DayTooLate, match="2024-01-04"):
        explain.total(workspace, date(2024, 1, 4))
    with pytest.raises(DayTooLate):
        explain.holdings(workspace, date(2024, 1, 4))
    with pytest.raises(NotFound, match="APPL"):
        explain.holdings(workspace, DAY, security="APPL")
    with pytest.raises(NotFound, match="2024-01-03") as told:
        explain.holdings(workspace, DAY, account_id="bank:1", security="AAPL")
    assert told.value.hint == "there is none yet"


def test_the_command_prints_sums_that_end_in_the_published_value(
    home: Path, tenet_command: Callable[..., Run]
) -> None:
    total = tenet_command("--home", home, "explain", "2024-01-03")
    assert "net worth on 2024-01-03: 2,742.50 USD" in total.stdout
    account = tenet_command("--home", home, "explain", "2024-01-03", "--account", "current account")
    assert "1000 x 1 = 1,000.00 EUR x 1.1 = 1,100.00 USD" in account.stdout
    security = tenet_command("--home", home, "explain", "2024-01-03", "--security", "AAPL")
    assert "10 x 184.25 = 1,842.50 USD" in security.stdout
    assert "yahoo, split_adjusted" in security.stdout
    told = tenet_command("--home", home, "explain", "2024-01-03", "--security", "AAPL", "--json")
    assert json.loads(told.stdout)[0]["market_value"] == 1842.5
