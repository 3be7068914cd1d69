"""The golden households, through the command line and the published file, row for row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenet.database import connect_reading, literal

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "golden"
COLUMNS = (
    "valuation_date, account_id, security_id, snapshot_id, quantity, close_price, price_date, "
    "price_source, market_value, market_value_base"
)


@pytest.mark.parametrize("household", ["a", "b", "r101", "r102"])
def test_daily_holding_values_equal_the_expected_rows(household: str, tmp_path: Path) -> None:
    folder = GOLDEN / household
    if not folder.is_dir():
        pytest.skip("the golden households lie outside the project and are not here")
    meta = json.loads((folder / "meta.json").read_text())
    environment = os.environ | {
        "TENET_TIMEZONE": meta["timezone"],
        "TENET_BASE_CURRENCY": meta["base_currency"],
    }
    for command in (["import", str(folder)], ["build", "--today", meta["through"]]):
        subprocess.run(
            [sys.executable, "-m", "tenet", "--home", str(tmp_path), *command],
            check=True,
            capture_output=True,
            env=environment,
        )
    connection = connect_reading(tmp_path / "tenet.duckdb")
    expected = f"select {COLUMNS} from {literal(folder / 'expected.parquet')}"
    found = f"select {COLUMNS} from daily_holding_values"
    both_ways = f"(({found}) except all ({expected})) union all (({expected}) except all ({found}))"
    difference = connection.execute(f"select columns(*)::varchar from ({both_ways})").fetchall()
    connection.close()
    assert difference == []
