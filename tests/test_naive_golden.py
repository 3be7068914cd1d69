"""The oracle against the golden households, and against a few days worked out by hand."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from naive import daily_holding_values

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "golden"
KEY = ("valuation_date", "account_id", "security_id")

Row = dict[str, Any]


@pytest.mark.parametrize("name", ["a", "b", "r101", "r102"])
def test_the_oracle_gives_the_golden_rows(name: str) -> None:
    folder = GOLDEN / name
    if not folder.is_dir():
        pytest.skip(f"no golden household {name}: shared/golden is not beside this checkout")
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    raw = {path.stem: pl.read_parquet(path).to_dicts() for path in folder.glob("*.parquet")}
    expected = raw.pop("expected")

    values = daily_holding_values(
        raw,
        through=date.fromisoformat(meta["through"]),
        timezone=meta["timezone"],
        base_currency=meta["base_currency"],
    )

    columns = list(expected[0])
    assert len(columns) == 10
    found = [{column: row[column] for column in columns} for row in values]
    expected.sort(key=lambda row: tuple(row[column] for column in KEY))
    assert len(found) == len(expected)
    differing = [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]]
    assert differing[:3] == []


def at(day: int) -> datetime:
    return datetime(2026, 1, day, 12, tzinfo=UTC)


def close(day: int, price: str, **columns: object) -> Row:
    plain = {"source": "yahoo", "currency": "USD", "basis": "as_traded", "observed_at": at(day)}
    on_day = {"price_date": date(2026, 1, day), "close": Decimal(price)}
    return {"security_id": "X"} | plain | on_day | columns


def values_of(holding: Row, *, through: int, **datasets: list[Row]) -> list[Row]:
    """Days 1 to `through` January 2026 of one holding, landed on the first."""
    snapshot = {
        "snapshot_id": "s1",
        "account_id": "test:1",
        "observed_at": at(1),
        "currency": "USD",
        "status": "success",
    }
    plain = {"snapshot_id": "s1", "security_id": "X", "currency": "USD", "quantity": Decimal(1)}
    raw = {"snapshots": [snapshot], "holdings": [plain | holding], **datasets}
    return daily_holding_values(
        raw, through=date(2026, 1, through), timezone="UTC", base_currency="USD"
    )


def shown(rows: list[Row], *columns: str) -> list[str]:
    """One line a day: the columns, dates as days of the month, numbers without idle zeros."""

    def text(value: object) -> str:
        if isinstance(value, date):
            return str(value.day)
        return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)

    return [" ".join(text(row[column]) for column in columns) for row in rows]


def test_a_split_inside_a_window_moves_quantity_and_price_but_not_value() -> None:
    # Both closes were observed on the 5th, after the split: the first was restated from 100 to 25.
    restated = {"basis": "split_adjusted", "observed_at": at(5)}
    rows = values_of(
        {"quantity": Decimal(10)},
        through=4,
        closes=[close(1, "25", **restated), close(4, "30", **restated)],
        splits=[
            {
                "security_id": "x",
                "split_date": date(2026, 1, 3),
                "ratio": Decimal(4),
                "observed_at": at(5),
            }
        ],
    )
    columns = ("valuation_date", "quantity", "close_price", "price_date", "price_source")
    assert shown(rows, *columns, "market_value") == [
        "1 10 100 1 market 1000",
        "2 10 100 1 carry_forward 1000",
        "3 40 25 1 carry_forward 1000",
        "4 40 30 4 market 1200",
    ]


@pytest.mark.parametrize(
    ("quantity", "price", "value"),
    [("0.5", "0.01", "0.01"), ("-0.5", "0.01", "-0.01"), ("0.5", "0.03", "0.02")],
)
def test_exactly_half_a_cent_rounds_away_from_zero(quantity: str, price: str, value: str) -> None:
    rows = values_of({"quantity": Decimal(quantity)}, through=1, closes=[close(1, price)])
    assert rows[0]["market_value"] == rows[0]["market_value_base"] == Decimal(value)


@pytest.mark.parametrize(
    ("closes", "kept"),
    [
        ("2 2 40 2 2", "2 2 40 2 2"),  # exactly 20 times both medians
        ("2 2 40.0000000001 2 2", "2 2 2 2 2"),
        ("2 2 0.1 2 2", "2 2 0.1 2 2"),  # exactly a twentieth
        ("2 2 0.0999999999 2 2", "2 2 2 2 2"),
        ("2 2 2 41 42", "2 2 2 41 41"),  # the 4th is confirmed by what follows, the 5th waits
        ("1 3 41 2 2", "1 3 3 2 2"),  # the median of 1 and 3 is 2
        ("2 0 2 -1 2", "2 2 2 2 2"),
    ],
)
def test_a_close_beyond_both_medians_bounds_is_not_used(closes: str, kept: str) -> None:
    rows = values_of(
        {}, through=5, closes=[close(day, price) for day, price in enumerate(closes.split(), 1)]
    )
    assert shown(rows, "close_price") == kept.split()


def test_a_rate_by_way_of_the_euro_rounds_each_step_and_has_the_older_date() -> None:
    # 1 / 163 = 0.0061349693|25, times 1.1 = 0.0067484662|3; in one step it would end in 3.
    def euro(quote: str, day: int, rate: str) -> Row:
        pair = {"currency": "EUR", "quote_currency": quote, "source": "ecb", "observed_at": at(1)}
        return pair | {"rate_date": date(2026, 1, day), "rate": Decimal(rate)}

    rows = values_of(
        {"security_id": "_CASH:JPY", "quantity": Decimal(1000), "currency": "JPY"},
        through=2,
        fx_rates=[euro("JPY", 1, "163"), euro("USD", 2, "1.1")],
    )
    assert shown(rows, "valuation_date", "market_value", "fx_rate", "fx_date") == [
        "1 1000 None None",
        "2 1000 0.0067484662 1",
    ]
    assert [row["market_value_base"] for row in rows] == [None, Decimal("6.75")]


def test_a_mark_values_a_holding_without_ticker_from_its_day_on() -> None:
    rows = values_of(
        {"security_id": "_MAN:0123456789ab", "snapshot_price": Decimal(50)},
        through=4,
        price_marks=[
            {
                "security_id": "_MAN:0123456789ab",
                "price_date": date(2026, 1, 3),
                "price": Decimal(60),
                "edited_at": at(9),
            }
        ],
    )
    assert shown(rows, "valuation_date", "close_price", "price_date", "price_source") == [
        "1 50 1 snapshot",
        "2 50 1 snapshot",
        "3 60 3 mark",
        "4 60 3 carry_forward",
    ]
