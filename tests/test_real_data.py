"""Real closes, AAPL, IBM, MSFT and GOOG 2000 to 2013 as they were traded, through real splits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl
import pytest
from bokeh_sampledata import stocks

import tenet
from tenet import lake
from tenet.build import build
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

SPLITS = {
    "AAPL": {date(2000, 6, 21): 2, date(2005, 2, 28): 2},
    "MSFT": {date(2003, 2, 18): 2},
    "IBM": {},
    "GOOG": {},
}
BEFORE, AFTER = date(2004, 1, 2), date(2005, 3, 14)
THROUGH = date(2005, 3, 31)
OBSERVED = datetime(2013, 3, 2, tzinfo=UTC)


def traded(symbol: str) -> dict[date, Decimal]:
    prices = getattr(stocks, symbol)
    return {
        date.fromisoformat(day): Decimal(str(close))
        for day, close in zip(prices["date"], prices["close"], strict=True)
    }


def restated(symbol: str) -> pl.DataFrame:
    """What a source that adjusts for splits sends today: each close over the splits after it."""
    rows = []
    for day, close in traded(symbol).items():
        later = 1
        for split_date, ratio in SPLITS[symbol].items():
            later *= ratio if split_date > day else 1
        rows.append((symbol, day, "yahoo", close / later, "USD", "split_adjusted", OBSERVED))
    columns = ["security_id", "price_date", "source", "close", "currency", "basis", "observed_at"]
    return pl.DataFrame(rows, schema=columns, orient="row")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> tenet.Workspace:
    """100 AAPL from 2004 on and 10 of each other; the broker's count doubles at the next sync."""
    home: Path = tmp_path_factory.mktemp("home")
    held = {"AAPL": 100, "IBM": 10, "MSFT": 10, "GOOG": 10}
    snapshots = [
        (f"s{day}", "broker:1", datetime(day.year, day.month, day.day, 21, tzinfo=UTC), "success")
        for day in (BEFORE, AFTER)
    ]
    holdings = [
        (
            f"s{day}",
            symbol,
            "broker:1",
            units * (2 if symbol == "AAPL" and day == AFTER else 1),
            "USD",
        )
        for day in (BEFORE, AFTER)
        for symbol, units in held.items()
    ]
    splits = [
        (symbol, day, ratio, OBSERVED)
        for symbol, known in SPLITS.items()
        for day, ratio in known.items()
    ]
    tables = {
        "accounts": pl.DataFrame({"account_id": ["broker:1"]}),
        "snapshots": _frame("snapshot_id account_id observed_at status", snapshots),
        "holdings": _frame("snapshot_id security_id account_id quantity currency", holdings),
        "closes": pl.concat(restated(symbol) for symbol in SPLITS),
        "splits": _frame("security_id split_date ratio observed_at", splits),
    }
    lake.land(home, "import", tables, at=OBSERVED)
    build(load(home, timezone="America/New_York"), through=THROUGH, at=OBSERVED)
    return tenet.open(home)


def test_each_day_is_shares_times_the_close_as_traded_through_the_split(
    workspace: tenet.Workspace,
) -> None:
    closes = traded("AAPL")
    split_date = date(2005, 2, 28)
    rows = workspace.sql(
        "select valuation_date, quantity, close_price, market_value from daily_holding_values "
        "where security_id = 'AAPL'"
    ).rows()
    assert len(rows) == (THROUGH - BEFORE).days + 1
    for day, quantity, price, value in rows:
        shares = 100 if day < split_date else 200
        last = max(known for known in closes if known <= day)
        as_traded = closes[last] / (2 if last < split_date <= day else 1)
        assert (quantity, price) == (shares, as_traded), day
        assert value == (shares * as_traded).quantize(Decimal("0.01")), day


def test_the_days_between_the_split_and_the_next_sync_do_not_jump(
    workspace: tenet.Workspace,
) -> None:
    values = workspace.sql(
        "select market_value::double from daily_holding_values where security_id = 'AAPL' "
        "and valuation_date between '2005-02-25' and '2005-03-15' order by valuation_date"
    ).to_series()
    assert len(values) == 19
    assert all(0.9 < after / before < 1.1 for before, after in pairwise(values))


def test_no_real_close_is_quarantined(workspace: tenet.Workspace) -> None:
    assert workspace.read("price_issues").is_empty()


def _frame(columns: str, rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=columns.split(), orient="row")
