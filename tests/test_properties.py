"""What holds for every household, tried on random ones; the oracle is tests/naive.py."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from households import (
    KEY,
    LANDED,
    Household,
    Row,
    build_home,
    day,
    frame,
    households,
    land_household,
    valued,
    values,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import answer, same

from tenet.imports import import_folder
from tenet.lake import land
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

quick = settings(max_examples=3, deadline=None, derandomize=True)
MARTS = ["daily_holding_values", "account_values_daily", "net_worth_daily", "price_issues"]


@contextmanager
def new_home() -> Iterator[Path]:
    """A home for one example: pytest's own folders serve a whole test."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "home"


def value_of(household: Household) -> list[Row]:
    """Its daily values, by way of the lake and the models."""
    with new_home() as home:
        return valued(home, household)


@settings(quick, max_examples=10)
@given(households())
def test_the_models_agree_with_the_oracle(household: Household) -> None:
    found = {tuple(row[name] for name in KEY): row for row in value_of(household)}
    expected = {tuple(row[name] for name in KEY): row for row in household.expected()}
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert {name: found[key][name] for name in row} == row


@quick
@given(households())
def test_two_builds_of_one_lake_are_equal_row_for_row(household: Household) -> None:
    with new_home() as home:
        valued(home, household)
        first = {mart: values(home, mart) for mart in MARTS}
        (home / "tenet.duckdb").unlink()
        build_home(home, household)
        assert {mart: values(home, mart) for mart in MARTS} == first


# One landing, no key twice: what follows is about how rows are sent, not about corrections.


def sent_once(household: Household) -> Household:
    """The household without corrections: the first row of each key, all in one landing."""
    raw = {}
    for name, rows in household.raw.items():
        key = ("account_id",) if name == "accounts" else DATASETS[name].key
        first: dict[object, Row] = {}
        for row in rows:
            cells = (row[column] for column in key)
            spelt = tuple(cell.upper() if isinstance(cell, str) else cell for cell in cells)
            first.setdefault(spelt, row | {"landing_id": "0"})
        raw[name] = list(first.values())
    held = {row["snapshot_id"] for row in raw["snapshots"]}
    raw["holdings"] = [row for row in raw.get("holdings", []) if row["snapshot_id"] in held]
    return household.but(**raw)


def in_several_landings(household: Household, chance: Random) -> Household:
    """Each row in a landing of its own choice, though never before what it refers to."""
    numbers = {row["snapshot_id"]: chance.randint(0, 3) for row in household.raw["snapshots"]}

    def chosen(name: str, row: Row) -> Row:
        first = numbers[row["snapshot_id"]] if "snapshot_id" in row else 0
        last = first if name == "snapshots" else 0 if name == "accounts" else 3
        return row | {"landing_id": str(chance.randint(first, last))}

    return household.each(chosen)


def shuffled(household: Household, chance: Random) -> Household:
    return household.but(
        **{name: chance.sample(rows, len(rows)) for name, rows in household.raw.items()}
    )


@quick
@given(households().map(sent_once), st.randoms())
def test_neither_row_order_nor_landings_nor_file_formats_matter(
    household: Household, chance: Random
) -> None:
    expected = value_of(household)
    assert value_of(shuffled(in_several_landings(household, chance), chance)) == expected
    with new_home() as home:
        folder = home.with_name("folder")
        folder.mkdir()
        for name, rows in shuffled(household, chance).raw.items():
            if not rows:
                continue
            if chance.random() < 0.5:
                frame(name, rows).write_parquet(folder / f"{name}.parquet")
            else:
                as_csv(frame(name, rows)).write_csv(folder / f"{name}.csv")
        import_folder(home, folder, at=LANDED, note=lambda _: None)
        build_home(home, household)
        assert values(home) == expected


def as_csv(table: pl.DataFrame) -> pl.DataFrame:
    """Times with their offset written out, another than UTC."""
    times = pl.selectors.datetime()
    return table.with_columns(
        times.dt.convert_time_zone("Asia/Kolkata").dt.to_string("%Y-%m-%dT%H:%M:%S%.6f%:z")
    )


@quick
@given(households().map(sent_once))
def test_landing_twice_equals_landing_once(household: Household) -> None:
    with new_home() as home:
        once = valued(home, household)
        tables = {name: frame(name, rows) for name, rows in household.raw.items() if rows}
        assert land(home, "import", tables, at=LANDED + timedelta(days=1))[0] is None
        (landing,) = home.glob("raw/import/*/*")
        shutil.copytree(landing, landing.with_name("20240602T000000.000000Z-00000000"))
        build_home(home, household)
        assert values(home) == once


# No look-ahead. Prices are tame here: the guard and the end of an inactive account are the rules
# by which what comes later may change what was before.


def tame(household: Household) -> Household:
    def calm(name: str, row: Row) -> Row:
        return row | {"close": 10 + abs(row["close"]) % 5} if name == "closes" else row

    return sent_once(household.but(account_edits=[], splits=[])).each(calm)


def before(limit: date, rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["valuation_date"] < limit]


@quick
@given(households().map(tame), st.integers(1, 24).map(day))
def test_a_later_close_never_changes_an_earlier_day(household: Household, later: date) -> None:
    held = {row["security_id"] for row in household.raw["holdings"]}
    closes = [
        {
            "security_id": security_id,
            "price_date": later,
            "source": "aaa",
            "close": Decimal(12),
            "currency": "USD",
            "basis": "as_traded",
            "observed_at": datetime.combine(later, datetime.min.time(), LANDED.tzinfo),
            "landing_id": "1",
        }
        for security_id in sorted(name.upper() for name in held)
    ]
    more = household.but(closes=household.raw.get("closes", []) + unique(closes))
    assert before(later, value_of(more)) == before(later, value_of(household))


def unique(rows: list[Row]) -> list[Row]:
    return list({row["security_id"]: row for row in rows}.values())


@quick
@given(households().map(tame), st.integers(2, 22).map(day))
def test_a_later_snapshot_never_changes_an_earlier_day(household: Household, later: date) -> None:
    late = {
        "account_id": "broker:1",
        "observed_at": datetime.combine(later, datetime.min.time(), LANDED.tzinfo)
        + timedelta(hours=12),
        "status": "success",
        "landing_id": "1",
    }
    line = {
        "account_id": "broker:1",
        "security_id": "AAA",
        "quantity": Decimal(77),
        "snapshot_price": Decimal(9),
        "currency": "USD",
        "landing_id": "1",
    }
    more = household.but(
        snapshots=household.raw["snapshots"]
        + [late | {"snapshot_id": name} for name in ("full", "empty")],
        holdings=household.raw["holdings"] + [line | {"snapshot_id": "full"}],
    )
    # Noon in UTC is the next day at the earliest from Auckland's side of the date line.
    assert before(later, value_of(more)) == before(later, value_of(household))


RATIOS = st.sampled_from([Decimal(2), Decimal(4), Decimal("0.5"), Decimal(10)])


@quick
@given(households().map(tame), st.integers(1, 20).map(day), RATIOS)
def test_a_split_restates_nothing_as_traded(
    household: Household, split_date: date, ratio: Decimal
) -> None:
    """The same closes, once as they were traded and once as their source restates them."""
    known = datetime.combine(day(40), datetime.min.time(), LANDED.tzinfo)

    def traded(name: str, row: Row) -> Row:
        return (
            row | {"basis": "as_traded", "close": round(row["close"], 4)}
            if name == "closes"
            else row
        )

    def restated(name: str, row: Row) -> Row:
        if name != "closes" or row["price_date"] >= split_date:
            return row
        told = {"basis": "split_adjusted", "observed_at": known, "close": row["close"] / ratio}
        return row | told

    def split(household: Household) -> Household:
        rows = [
            {"security_id": name, "split_date": split_date, "ratio": ratio, "landing_id": "0"}
            | {"observed_at": known}
            for name in ("AAA", "BRK.B", "COIN")
        ]
        return household.but(splits=rows)

    plain = household.each(traded)
    as_traded = value_of(split(plain))
    assert value_of(split(plain.each(restated))) == as_traded
    assert before(split_date, as_traded) == before(split_date, value_of(plain))


@quick
@given(
    households().map(sent_once), st.sets(st.sampled_from(["AAA", "BRK.B", "COIN", "USD", "CAD"]))
)
def test_an_account_split_in_two_leaves_totals_equal(household: Household, moved: set[str]) -> None:
    def twice(rows: list[Row], is_moved: Callable[[Row], bool | None]) -> list[Row]:
        """Each row of broker:1 in the account, in its twin, or (None) in both."""
        kept = [row for row in rows if row["account_id"] != "broker:1" or not is_moved(row)]
        twins = [
            row
            | {"account_id": "broker:twin"}
            | ({"snapshot_id": f"{row['snapshot_id']} twin"} if "snapshot_id" in row else {})
            for row in rows
            if row["account_id"] == "broker:1" and is_moved(row) is not False
        ]
        return kept + twins

    raw = household.raw
    in_two = household.but(
        accounts=twice(raw["accounts"], lambda _: None),
        account_edits=twice(raw.get("account_edits", []), lambda _: None),
        snapshots=twice(raw["snapshots"], lambda _: None),
        holdings=twice(raw["holdings"], lambda row: row["security_id"].upper() in moved),
    )
    assert net_worth(in_two) == net_worth(household)


def net_worth(household: Household) -> list[Row]:
    with new_home() as home:
        valued(home, household)
        counted = ("account_count", "holding_count")
        rows = values(home, "net_worth_daily")
        return [{name: row[name] for name in row if name not in counted} for row in rows]


@settings(quick, max_examples=8)
@given(households())
def test_what_is_landed_is_read_back(household: Household) -> None:
    with new_home() as home:
        land_household(home, household)
        for number, tables in enumerate(household.landings()):
            (folder,) = home.glob(f"raw/import/2024-06/20240601T0{number}*")
            for name, rows in tables.items():
                sent = frame(name, rows)
                if "security_id" in sent.columns:
                    sent = sent.with_columns(upper_but_synthetic())
                read = pl.read_parquet(folder / f"{name}.parquet").select(sent.columns)
                assert sorted(map(repr, read.rows())) == sorted(map(repr, sent.rows()))


def upper_but_synthetic() -> pl.Expr:
    name = pl.col("security_id")
    is_symbol = ~name.str.starts_with("_") | name.str.starts_with("_CASH:")
    return pl.when(is_symbol).then(name.str.to_uppercase()).otherwise(name).alias("security_id")


# Small cases that random households led to.


def test_an_emptied_account_counted_in_pence_shows_zero_pounds(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select security_id as id, currency, fx_rate as rate from daily_holding_values",
        through="2024-01-01",
        base_currency="GBP",
        accounts="account_id  currency\nbroker:1  GBX",
        snapshots="snapshot_id account_id observed_at currency\ns1 broker:1 2024-01-01T20:00Z -",
    )
    same(found, "id currency rate\n_ZERO_BALANCE GBP 1")


def test_an_emptied_account_of_unknown_currency_shows_zero(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select security_id as id, currency, market_value_base as value from daily_holding_values",
        through="2024-01-01",
        accounts="account_id  currency\nbroker:1  -",
        snapshots="snapshot_id account_id observed_at currency\ns1 broker:1 2024-01-01T20:00Z -",
    )
    same(found, "id currency value\n_ZERO_BALANCE - 0")


HELD = {
    "snapshots": "snapshot_id  account_id  observed_at\ns1  broker:1  2024-01-01T20:00Z",
    "holdings": "snapshot_id  security_id  account_id  quantity\ns1  X  broker:1  1",
}


def test_the_guard_sees_a_tiny_close_as_positive_whatever_the_splits(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select close_price as price, price_source as source from daily_holding_values",
        through="2024-01-01",
        closes="security_id  price_date  close\nX  2024-01-01  0.0000000001",
        splits="security_id  split_date  ratio\nX  2023-06-01  0.05",
        **HELD,
    )
    same(found, "price source\n0.0000000001 market")


def test_the_guard_keeps_a_close_exactly_on_its_bound_whatever_the_splits(tmp_path: Path) -> None:
    """In units of before the split: 10 / 3 and 200 / 3, neither of which ends."""
    found = answer(
        tmp_path,
        "select kind, security_id, price_date from price_issues",
        through="2024-01-03",
        closes="""
            security_id  price_date  close           basis
            X            2024-01-01  10.0000000001   as_traded
            X            2024-01-02  200.0000000020  as_traded
            X            2024-01-03  10.0000000001   as_traded
            Y            2024-01-01  10.0000000001   as_traded
            Y            2024-01-02  200.0000000021  as_traded
            Y            2024-01-03  10.0000000001   as_traded
        """,
        splits="""
            security_id  split_date  ratio
            X            2023-06-01  0.3333333333
            Y            2023-06-01  0.3333333333
        """,
        **HELD,
    )
    same(found, "kind security_id price_date\nprice_out_of_range Y 2024-01-02")


def test_a_mark_below_zero_is_rounded_like_any_other_after_a_split(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select valuation_date as day, close_price as price from daily_holding_values",
        through="2024-01-02",
        price_marks="security_id  price_date  price\nX  2024-01-01  -10",
        splits="security_id  split_date  ratio\nX  2024-01-02  4",
        **HELD,
    )
    same(found, "day price\n2024-01-01 -10\n2024-01-02 -2.5")


def test_two_enormous_splits_do_not_stop_the_build(tmp_path: Path) -> None:
    found = answer(
        tmp_path,
        "select count(*) as days from daily_holding_values",
        through="2024-01-03",
        splits="""
            security_id  split_date  ratio
            X            2024-01-02  1000000
            X            2024-01-03  1000000
        """,
        **HELD,
    )
    same(found, "days\n3")
