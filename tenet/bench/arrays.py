"""Two floors of tenet.bench.floors that do as a script with arrays or frames would.

Neither knows of splits, the guard, marks, provenance or gaps: they make the products alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tenet.bench.households import LAST_DAY, TIMEZONE
from tenet.database import connect_reading
from tenet.landings import files, landings

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import numpy as np
    import polars as pl

    Whole = np.ndarray[Any, np.dtype[np.int64]]

_PLACES = 10
_SURE = 1e-3
"""A product nearer to half a cent than this, in cents, is made again in whole numbers."""


def numpy(published: Path) -> int:
    """Both amounts of every row anew, exact to the cent; returns the rows."""
    columns = ", ".join(
        f"({name} * 10000000000)::bigint as {name}"
        for name in ("quantity", "close_price", "multiplier", "fx_rate")
    )
    priced = "close_price is not null and fx_rate is not null"
    query = f"select {columns} from daily_holding_values where {priced}"
    connection = connect_reading(published)
    try:
        found = connection.execute(query).fetchnumpy()
    finally:
        connection.close()
    value = cents(found["quantity"], found["close_price"], found["multiplier"])
    # An amount in cents is one of two places; ten are what `cents` takes.
    base = cents(value * 10 ** (_PLACES - 2), found["fx_rate"])
    return len(base)


def cents(*factors: Whole) -> Whole:
    """The product of numbers in units of 1e-10, in whole cents, half away from zero.

    Floats where they tell; Python's whole numbers for the rest.
    """
    import numpy as np

    product = np.full(len(factors[0]), 100.0)
    for factor in factors:
        product *= factor
        product /= 10.0**_PLACES
    size = np.abs(product)
    rounded: Whole = np.copysign(np.floor(size + 0.5), product).astype(np.int64)
    near = np.abs(size - np.floor(size) - 0.5) <= _SURE
    unit = 10 ** (_PLACES * len(factors) - 2)
    for row in np.flatnonzero(near | (size >= 1e11)):
        exact = 1
        for factor in factors:
            exact *= int(factor[row])
        whole = (2 * abs(exact) + unit) // (2 * unit)
        rounded[row] = whole if exact >= 0 else -whole
    return rounded


def join(home: Path, target: Path) -> int:
    """Every day's holdings at the carried close, by Polars' joins; returns the rows."""
    import polars as pl

    seen = pl.col("observed_at").dt.convert_time_zone(TIMEZONE).dt.date()
    snapshots = _landed(home, "snapshots").select("account_id", "snapshot_id", seen.alias("day"))
    following = pl.col("day").shift(-1).over("account_id", order_by="day")
    days = pl.date_ranges("day", following.fill_null(LAST_DAY + timedelta(days=1)), closed="left")
    holdings = _landed(home, "holdings").select(
        "snapshot_id", "security_id", "quantity", *_major("snapshot_price", "currency")
    )
    values = (
        snapshots.with_columns(days)
        .explode("day")
        .join(holdings, on="snapshot_id")
        .join(_closes(home), on=["security_id", "day"], how="left")
        .with_columns(
            price=pl.coalesce("close", "snapshot_price", 1.0),
            currency=pl.coalesce("close_currency", "currency"),
        )
        .join(_rates(home), on=["currency", "day"], how="left")
        .with_columns(value=(pl.col("quantity") * pl.col("price")).round(2))
        .select(
            "day", "account_id", "security_id", "quantity", "price", "currency", "rate", "value",
            value_base=(pl.col("value") * pl.col("rate")).round(2),
        )
    )  # fmt: skip
    values.sink_parquet(target)
    rows: int = pl.scan_parquet(target).select(pl.len()).collect().item()
    return rows


def _closes(home: Path) -> pl.LazyFrame:
    """Of each security and day: the last close until then, and its currency."""
    import polars as pl

    closes = _landed(home, "closes").select(
        "security_id", pl.col("price_date").alias("day"), *_major("close", "currency")
    )
    closes = closes.rename({"currency": "close_currency"})
    return _carried(closes, "security_id")


def _rates(home: Path) -> pl.LazyFrame:
    """Of each currency and day: dollars for one unit, by the last rates of the euro."""
    import polars as pl

    columns = ("rate_date", "quote_currency", "rate")
    names = dict(zip(columns, ("day", "currency", "rate"), strict=True))
    per_euro = _carried(_landed(home, "fx_rates").select(columns).rename(names), "currency")
    dollars = per_euro.filter(currency="USD").select("day", pl.col("rate").alias("dollars"))
    euro = dollars.select("day", pl.lit("EUR").alias("currency"), pl.lit(1.0).alias("rate"))
    rate = (pl.col("dollars") / pl.col("rate")).alias("rate")
    both = pl.concat([per_euro.select("day", "currency", "rate"), euro])
    return both.join(dollars, on="day").select("day", "currency", rate)


def _carried(known: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """A row for every key and day through LAST_DAY: the last known one."""
    import polars as pl

    first = pl.col("day").min()
    every = known.group_by(key).agg(pl.date_range(first, LAST_DAY).alias("day")).explode("day")
    return every.sort("day").join_asof(known.sort("day"), on="day", by=key, check_sortedness=False)


def _major(amount: str, currency: str) -> tuple[pl.Expr, pl.Expr]:
    """An amount and its currency; of pence: pounds."""
    import polars as pl

    is_pence = pl.col(currency) == "GBp"
    pounds = pl.when(is_pence).then(pl.col(amount) / 100).otherwise(pl.col(amount))
    return pounds, pl.col(currency).replace("GBp", "GBP")


def _landed(home: Path, dataset: str) -> pl.LazyFrame:
    """A landed dataset, its decimals as floats."""
    import polars as pl
    from polars import selectors

    found = pl.scan_parquet(files(landings(home), dataset))
    return found.with_columns(selectors.decimal().cast(pl.Float64))
