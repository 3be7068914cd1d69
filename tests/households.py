"""Random small households for properties, and the two ways to value them: the lake and the oracle.

A household is its raw rows as the oracle takes them. Each row names its landing by a number; the
lake gets the rows of one number as one landing, oldest first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import strategies as st
from naive import daily_holding_values

import tenet
from tenet.build import build
from tenet.lake import land
from tenet.schemas import DATASETS, NUMBER
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Row = dict[str, Any]

FIRST = date(2024, 3, 1)  # clocks change on the 10th in America and on the 31st in Europe
LANDED = datetime(2024, 6, 1, tzinfo=UTC)
KEY = ("valuation_date", "account_id", "security_id")
TYPES = {
    "VARCHAR": pl.String,
    NUMBER: pl.Decimal(28, 10),
    "BIGINT": pl.Int64,
    "DATE": pl.Date,
    "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
    "BOOLEAN": pl.Boolean,
}


@dataclass(frozen=True)
class Household:
    """Raw rows by dataset, and the settings that values depend on."""

    raw: dict[str, list[Row]]
    through: date
    timezone: str
    base_currency: str

    def but(self, **datasets: list[Row]) -> Household:
        """The same household with other rows in some datasets."""
        return replace(self, raw=self.raw | datasets)

    def each(self, change: Callable[[str, Row], Row]) -> Household:
        """The same household with every row changed."""
        raw = {name: [change(name, row) for row in rows] for name, rows in self.raw.items()}
        return replace(self, raw=raw)

    def landings(self) -> list[dict[str, list[Row]]]:
        """The rows by landing, oldest landing first."""
        numbers = sorted({row["landing_id"] for rows in self.raw.values() for row in rows})
        return [
            {name: found for name, rows in self.raw.items() if (found := rows_of(rows, number))}
            for number in numbers
        ]

    def expected(self) -> list[Row]:
        """Its daily values as the oracle has them."""
        return daily_holding_values(
            self.raw,
            through=self.through,
            timezone=self.timezone,
            base_currency=self.base_currency,
        )


def rows_of(rows: Iterable[Row], landing: str) -> list[Row]:
    return [row for row in rows if row["landing_id"] == landing]


def frame(dataset: str, rows: list[Row]) -> pl.DataFrame:
    """Rows as a frame with the dataset's own types; only the columns that some row has."""
    given = {column for row in rows for column in row}
    schema = {
        column.name: TYPES[column.kind.type]
        for column in DATASETS[dataset].columns
        if column.name in given
    }
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def land_household(home: Path, household: Household) -> None:
    """Land every landing of a household, in order."""
    for number, tables in enumerate(household.landings()):
        frames = {name: frame(name, rows) for name, rows in tables.items()}
        land(home, "import", frames, at=LANDED + timedelta(hours=number))


def build_home(home: Path, household: Household) -> None:
    """Publish a build of what is landed, with the household's settings."""
    settings = load(home, timezone=household.timezone, base_currency=household.base_currency)
    build(settings, through=household.through, at=LANDED)


def values(home: Path, table: str = "daily_holding_values") -> list[Row]:
    """The rows of a published table, in one order."""
    return tenet.open(home).sql(f"select * from {table} order by all").to_dicts()


def valued(home: Path, household: Household) -> list[Row]:
    """Land, build and read the daily values."""
    home.mkdir(parents=True, exist_ok=True)
    land_household(home, household)
    build_home(home, household)
    return values(home)


# What is drawn. Pools are small on purpose, so that things meet on one day and on exact bounds.


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def numbers(*texts: str) -> st.SearchStrategy[Decimal]:
    return st.sampled_from([Decimal(number) for text in texts for number in text.split()])


SECURITIES = ["AAA", "brk.b", "BRK.B", "COIN", "_SF:0a1b2c3d", "_MAN:0123456789ab"]
CASH = ["usd", "CAD", "$$", "spaxx", "_CASH:EUR", "_CASH:usd"]
CURRENCIES = ["USD", "EUR", "GBP", "GBp", "ILA"]
TIMEZONES = ["UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"]
SOURCES = ["yahoo", "coingecko", "abc", "zzz"]
LANDINGS = st.sampled_from(["0", "1", "2"])

# 1 and 10 against the guard's bounds 0.05 to 20, and 0.01 to 100 for crypto.
PRICES = numbers(
    "10 10 10 1 1 0.5 0.4999999999 0.05 0.1 0.0999999999 20 200 200.0000000001 1000",
    "1000.0000000001 100 0.01 0.03 0.015 3.3333333333 0.00000812 0.0000000001 123456.789 0 -10",
)
QUANTITIES = st.one_of(
    numbers("1 10 -3 0 0.5 1.5 100.5 -0.5 0.0000000001 33.3333333333"),
    st.decimals(-1_000_000, 1_000_000, places=10),
)
RATIOS = numbers("2 3 4 7 20 1.5 0.5 0.1 0.05 0.3333333333 1.3333333333")
RATES = numbers("1 1.1 0.9 0.85 3 0.3333333333 161.5 0.0062 1.0000000001")
HOURS = st.sampled_from([0, 1, 6, 7, 8, 10, 11, 12, 18, 22, 23])
DAYS = st.integers(0, 24).map(day)


@st.composite
def moments(draw: st.DrawFn, within: tuple[int, int] = (0, 24)) -> datetime:
    """Times on and just before the hours at which some time zone has its midnight."""
    start = datetime.combine(day(draw(st.integers(*within))), datetime.min.time(), UTC)
    return start + timedelta(hours=draw(HOURS)) - timedelta(microseconds=draw(st.integers(0, 1)))


def rows(least: int, most: int, key: str, **columns: Any) -> st.SearchStrategy[list[Row]]:
    """So many rows, no key twice in one landing."""
    names = key.split()
    return st.lists(
        st.fixed_dictionaries({"landing_id": LANDINGS, **columns}),
        min_size=least,
        max_size=most,
        unique_by=lambda row: (row["landing_id"], *(upper(row[name]) for name in names)),
    )


def upper(cell: Any) -> Any:
    return cell.upper() if isinstance(cell, str) else cell


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def held(draw: st.DrawFn, accounts: list[str]) -> dict[str, list[Row]]:
    """Snapshots with their holdings; a few are sent again, changed, in a later landing."""
    snapshots: list[Row] = []
    holdings: list[Row] = []
    for number in range(draw(st.integers(2, 6))):
        account_id = draw(st.sampled_from(accounts))
        for landing_id in sorted(draw(st.sets(LANDINGS, min_size=1, max_size=2))):
            own = {"snapshot_id": f"s{number}", "account_id": account_id, "landing_id": landing_id}
            status = draw(
                st.sampled_from(["success", "success", "success", "failed", "quarantined"])
            )
            currency = draw(maybe(st.sampled_from(CURRENCIES)))
            seen = {"observed_at": draw(moments()), "status": status, "currency": currency}
            snapshots.append(own | seen)
            ids = st.lists(st.sampled_from(SECURITIES + CASH), max_size=5, unique_by=str.upper)
            for security_id in draw(ids):
                line = {
                    "security_id": security_id,
                    "symbol": draw(maybe(st.just(security_id))),
                    "quantity": draw(QUANTITIES),
                    "snapshot_price": draw(maybe(PRICES)),
                    "snapshot_value": draw(
                        maybe(st.sampled_from([Decimal("7.005"), Decimal("-3.14")]))
                    ),
                    "currency": draw(st.sampled_from(CURRENCIES)),
                    "multiplier": draw(
                        maybe(st.sampled_from([Decimal(1), Decimal(100), Decimal("0.5")]))
                    ),
                    "asset_type": draw(maybe(st.sampled_from(["equity", "crypto"]))),
                }
                holdings.append(own | line)
    return {"snapshots": snapshots, "holdings": holdings}


@st.composite
def households(draw: st.DrawFn) -> Household:
    """A household of up to three accounts over three weeks, with all that can go wrong in it."""
    names = ["bank:1", "broker:1", "broker:2"]
    accounts = [
        {
            "account_id": name,
            "landing_id": "0",
            "currency": draw(maybe(st.sampled_from(CURRENCIES))),
        }
        for name in names
    ]
    security_id = st.sampled_from(SECURITIES)
    currency = st.sampled_from(["USD", "USD", "USD", "EUR", "GBp"])
    pairs = st.sampled_from(
        [("EUR", "USD"), ("USD", "EUR"), ("GBP", "USD"), ("EUR", "GBP"), ("ILS", "EUR")]
    )
    fx = draw(
        st.lists(
            st.tuples(pairs, DAYS, st.sampled_from(["ecb", "yahoo", "abc"]), LANDINGS),
            max_size=10,
            unique=True,
        )
    )
    raw = draw(held(names)) | {
        "accounts": accounts,
        "closes": draw(
            rows(
                12,
                40,
                "security_id price_date source",
                security_id=security_id,
                price_date=DAYS,
                source=st.sampled_from(SOURCES),
                close=PRICES,
                currency=currency,
                basis=st.sampled_from(["split_adjusted", "as_traded"]),
                observed_at=moments((0, 30)),
            )
        ),
        "splits": draw(
            rows(
                0,
                6,
                "security_id split_date",
                security_id=security_id,
                split_date=DAYS,
                ratio=RATIOS,
                observed_at=moments((0, 30)),
            )
        ),
        "price_marks": draw(
            rows(
                0,
                3,
                "security_id price_date edited_at",
                security_id=security_id,
                price_date=DAYS,
                edited_at=moments(),
                price=maybe(PRICES),
                currency=currency,
            )
        ),
        "security_edits": draw(
            rows(
                0,
                3,
                "security_id edited_at",
                security_id=security_id,
                edited_at=moments(),
                price_source=maybe(st.sampled_from(SOURCES)),
                asset_class=maybe(st.sampled_from(["Crypto", "Stocks"])),
            )
        ),
        "account_edits": draw(
            rows(
                0,
                3,
                "account_id edited_at",
                account_id=st.sampled_from(names),
                edited_at=moments(),
                active=maybe(st.booleans()),
                deactivated_at=maybe(moments()),
            )
        ),
        "fx_rates": [
            {
                "currency": pair[0],
                "quote_currency": pair[1],
                "rate_date": rate_date,
                "source": source,
                "rate": draw(RATES),
                "observed_at": draw(moments((0, 30))),
                "landing_id": landing_id,
            }
            for pair, rate_date, source, landing_id in fx
        ],
    }
    return Household(
        {name: found for name, found in raw.items() if found},
        through=draw(st.integers(12, 22).map(day)),
        timezone=draw(st.sampled_from(TIMEZONES)),
        base_currency=draw(st.sampled_from(["USD", "EUR", "GBP"])),
    )
