"""Answers as raw rows, and which of them are new to the lake."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    import polars as pl

    from tenet.database import Connection
    from tenet.market.series import Rate, Series
    from tenet.prices.plan import Wanted

    Row = dict[str, Any]
    Tables = dict[str, list[Row]]

DATED = ("closes", "splits", "dividends", "fx_rates")
"""The datasets that sources give: each row says when it was observed."""


def series_rows(wanted: Wanted, series: Series, *, base: str, at: datetime) -> Tables:
    """The rows of one answer, by dataset: only days that were asked and are over."""
    if series.through is None:
        return {}
    first, last = wanted.ask.first, min(wanted.ask.last, series.through)
    plain = {"source": wanted.source, "observed_at": at}
    closes = {day: close for day, close in series.closes if first <= day <= last}
    if wanted.currency:
        pair = plain | {"currency": wanted.currency, "quote_currency": base}
        dated = [(day, rate) for day, rate in closes.items() if rate > 0]
        return {"fx_rates": [pair | {"rate_date": day, "rate": rate} for day, rate in dated]}
    plain |= {"security_id": wanted.ask.security_id}
    valued = plain | {"currency": series.currency}
    splits, dividends = dict(series.splits), dict(series.dividends)
    return {
        "closes": [
            valued | {"price_date": day, "close": close, "basis": "split_adjusted"}
            for day, close in closes.items()
        ],
        "splits": [plain | {"split_date": day, "ratio": ratio} for day, ratio in splits.items()],
        "dividends": [valued | {"ex_date": day, "amount": paid} for day, paid in dividends.items()],
    }


def rate_rows(source: str, rates: Iterable[Rate], *, at: datetime) -> Tables:
    """The rows of a source of rates; the last of two for one day counts."""
    found = {
        (rate.currency, rate.quote_currency, rate.rate_date): {
            "currency": rate.currency,
            "quote_currency": rate.quote_currency,
            "rate_date": rate.rate_date,
            "source": source,
            "rate": rate.rate,
            "observed_at": at,
        }
        for rate in rates
    }
    return {"fx_rates": list(found.values())}


def request_row(wanted: Wanted, series: Series, *, at: datetime) -> Row:
    """What was asked and how it was answered. An answer without a day that is over covers none."""
    ask, last = wanted.ask, wanted.ask.last
    if series.status in ("ok", "empty"):
        last = min(last, series.through) if series.through else ask.first - timedelta(days=1)
    return {
        "source": wanted.source,
        "symbol": series.symbol or ask.symbol or ask.security_id,
        "requested_at": at,
        "security_id": None if wanted.currency else ask.security_id,
        "first_date": ask.first,
        "last_date": last,
        "status": series.status,
        "message": series.message,
    }


def rate_request_row(
    source: str, symbol: str, first: date, rates: Iterable[Rate], *, at: datetime, today: date
) -> Row:
    """What was asked of a source of rates. today: the day it is there.

    Yesterday is covered when its rate came, or on a weekend; else it may not be out yet, and is
    asked for again. Before that, a day without a rate has none.
    """
    yesterday = today - timedelta(days=1)
    came = {rate.rate_date for rate in rates}
    is_out = yesterday in came or yesterday.weekday() >= 5
    return {
        "source": source,
        "symbol": symbol,
        "requested_at": at,
        "first_date": first,
        "last_date": yesterday if is_out else yesterday - timedelta(days=1),
        "status": "ok",
    }


def new_rows(connection: Connection, dataset: str, incoming: str) -> pl.DataFrame:
    """The rows of the table `incoming` that differ from the newest landed one of their key.

    When it was observed is no difference: an equal row keeps the moment at which that level was
    first seen. Rule 5 depends on it: a close that comes back as it was after a split, because its
    source has not restated it yet, still counts as observed before the split. Nor is the source of
    a split or a dividend a difference.
    connection: reads the dataset.
    """
    described = DATASETS[dataset]
    columns = [column.name for column in described.columns]
    keys = ", ".join(described.key)
    said = [name for name in columns if name not in (*described.key, "observed_at", "source")]
    same = " and ".join(f"incoming.{name} = landed.{name}" for name in said)
    query = f"""
    with landed as (
        select * from raw_{dataset}
        semi join {incoming} using ({keys})
        qualify row_number() over (
            partition by {keys} order by observed_at desc, landing_id desc
        ) = 1
    )
    select {", ".join(f"incoming.{name}" for name in columns)}
    from {incoming} as incoming
    anti join landed
        on {" and ".join(f"incoming.{name} = landed.{name}" for name in described.key)}
        and {same}
    """
    found: pl.DataFrame = connection.sql(query).pl()
    return found
