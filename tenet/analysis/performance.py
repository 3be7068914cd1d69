"""Time-weighted return, and how rough the way there was, of something worth so much each day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenet.analysis.money_weighted import YEAR, growth_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import polars as pl


@dataclass(frozen=True)
class Performance:
    """What became of money from the end of one day to the end of a later one.

    first_date, last_date: the first and the last day on which something was there. opening: worth
    at the end of first_date; closing: on last_date. flow: paid in less paid out, after first_date.
    time_weighted, money_weighted: over the whole span, fractions. The _annual ones are a year's,
    given from a year on. problem: why one of them is not known. volatility: a year's.
    drawdown: the largest fall of the growth from its top (zero or negative), with the days of the
    top and the bottom; recovered_date: the first day on which it was made good.
    incomplete_days: days on which a value was missing or no return can be told.
    """

    first_date: date | None
    last_date: date | None
    days: int
    opening: float
    closing: float
    flow: float
    gain: float
    time_weighted: float | None
    time_weighted_annual: float | None
    money_weighted: float | None
    money_weighted_annual: float | None
    volatility: float | None
    drawdown: float | None
    drawdown_from: date | None
    drawdown_to: date | None
    recovered_date: date | None
    best_day: float | None
    best_date: date | None
    worst_day: float | None
    worst_date: date | None
    incomplete_days: int
    problem: str

    @property
    def is_complete(self) -> bool:
        """Whether every day is known and both returns are."""
        return not self.incomplete_days and not self.problem


def daily_returns(days: pl.DataFrame) -> pl.DataFrame:
    """The frame with gain and daily_return, in the order of days.

    days: one row per day without holes; valuation_date, value, flow (paid in less paid out).
    Flows count at the day's end; where the day begins with nothing, at its start. A day that
    begins and ends with nothing gains 0. daily_return is null on the first day, and where no
    return can be told: the day began with less than nothing, or with nothing and had a gain.
    """
    import polars as pl

    earlier = pl.col("value").shift(1)
    return (
        days.sort("valuation_date")
        .with_columns(pl.col("value", "flow").cast(pl.Float64))
        .with_columns(gain=(pl.col("value") - earlier - pl.col("flow")).round(6))
        .with_columns(
            daily_return=pl.when(earlier > 0)
            .then(pl.col("gain") / earlier)
            .when((earlier == 0) & (pl.col("gain") == 0))
            .then(0.0)
            .when((earlier == 0) & (pl.col("flow") > 0))
            .then(pl.col("gain") / pl.col("flow"))
        )
    )


def linked(returns: Iterable[float]) -> float:
    """Returns of adjacent periods as one."""
    return math.prod(1 + one for one in returns) - 1


def a_year(growth: float | None, days: int) -> float | None:
    """A return over so many days as a year's; None for less than a year, and for None."""
    if growth is None or days < YEAR:
        return None
    return math.pow(1 + growth, YEAR / days) - 1 if growth > -1 else -1.0


def performance(days: pl.DataFrame) -> Performance:
    """The returns of a stretch of days, of which the first is the one at whose end it begins.

    days: as daily_returns takes them, and is_incomplete: whether a value was missing on that day.
    The flow of the first day is in its value already, and counts no second time.
    What was worth less than nothing has no time-weighted return.
    """
    import polars as pl

    # Days before anything was there, and after all was gone, are no part of it.
    there = days.sort("valuation_date")
    was_there = pl.col("value").shift(1).fill_null(0) != 0
    known = there.filter(
        (pl.col("value") != 0)
        | pl.col("is_incomplete")
        | was_there
        | ((pl.col("flow") != 0) & (pl.int_range(pl.len()) > 0))
    )
    if known.is_empty():
        return _nothing()
    first, last = known["valuation_date"][0], known["valuation_date"][-1]
    there = daily_returns(there.filter(pl.col("valuation_date").is_between(first, last)))
    after = there.slice(1)
    told = after["daily_return"].drop_nulls().to_list()
    is_doubtful = pl.col("is_incomplete") | (
        pl.col("daily_return").is_null() & (pl.col("valuation_date") > first)
    )
    is_owed = bool((there["value"] < 0).any())
    grown = None if is_owed or not told else linked(told)
    growth, problem = growth_of(_flows(there))
    if is_owed:
        problem = "worth less than nothing"
    span = (last - first).days
    lows = _NO_LOWS if grown is None else _NO_LOWS | _drawdown(there)
    extremes = _NO_EXTREMES if is_owed else _NO_EXTREMES | _extremes(after)
    return Performance(
        first_date=first,
        last_date=last,
        days=span,
        opening=there["value"][0],
        closing=there["value"][-1],
        flow=round(math.fsum(after["flow"]), 6),
        gain=round(math.fsum(after["gain"]), 6),
        time_weighted=grown,
        time_weighted_annual=a_year(grown, span),
        money_weighted=growth,
        money_weighted_annual=a_year(growth, span),
        volatility=None if is_owed else _volatility(after),
        incomplete_days=there.filter(is_doubtful).height,
        problem=problem,
        **lows,
        **extremes,
    )


_NO_LOWS: dict[str, Any] = dict.fromkeys(
    ("drawdown", "drawdown_from", "drawdown_to", "recovered_date")
)
_NO_EXTREMES: dict[str, Any] = dict.fromkeys(("best_day", "best_date", "worst_day", "worst_date"))


def _nothing() -> Performance:
    return Performance(
        first_date=None,
        last_date=None,
        days=0,
        opening=0.0,
        closing=0.0,
        flow=0.0,
        gain=0.0,
        time_weighted=None,
        time_weighted_annual=None,
        money_weighted=None,
        money_weighted_annual=None,
        volatility=None,
        incomplete_days=0,
        problem="nothing was there",
        **_NO_LOWS,
        **_NO_EXTREMES,
    )


def _flows(days: pl.DataFrame) -> pl.DataFrame:
    """As xirr takes them: the opening paid in, each flow, the closing taken out."""
    import polars as pl

    ends = pl.DataFrame(
        {
            "flow_date": [days["valuation_date"][0], days["valuation_date"][-1]],
            "amount": [-days["value"][0], days["value"][-1]],
        },
        schema={"flow_date": pl.Date, "amount": pl.Float64},
    )
    between = days.slice(1).filter(pl.col("flow") != 0)
    return pl.concat([ends, between.select(flow_date="valuation_date", amount=-pl.col("flow"))])


def _volatility(days: pl.DataFrame) -> float | None:
    """The sample standard deviation of all days' returns, weekends too, times the root of 365."""
    spread = days["daily_return"].drop_nulls().std()
    return None if spread is None else float(str(spread)) * math.sqrt(YEAR)


def _drawdown(days: pl.DataFrame) -> dict[str, Any]:
    import polars as pl

    grown = days.select(
        "valuation_date", level=(1 + pl.col("daily_return").fill_null(0.0)).cum_prod()
    ).with_columns(top=pl.col("level").cum_max())
    fall = grown.with_columns(fall=pl.col("level") / pl.col("top") - 1)
    low = fall.row(fall["fall"].arg_min() or 0, named=True)
    if low["fall"] >= 0:
        return {"drawdown": 0.0}
    peak = grown.filter(pl.col("level") == low["top"])["valuation_date"][0]
    good = grown.filter(
        (pl.col("valuation_date") > low["valuation_date"]) & (pl.col("level") >= low["top"])
    )
    return {
        "drawdown": low["fall"],
        "drawdown_from": peak,
        "drawdown_to": low["valuation_date"],
        "recovered_date": None if good.is_empty() else good["valuation_date"][0],
    }


def _extremes(days: pl.DataFrame) -> dict[str, Any]:
    told = days.drop_nulls("daily_return")
    if told.is_empty():
        return {}
    best, worst = told["daily_return"].arg_max() or 0, told["daily_return"].arg_min() or 0
    return {
        "best_day": told["daily_return"][best],
        "best_date": told["valuation_date"][best],
        "worst_day": told["daily_return"][worst],
        "worst_date": told["valuation_date"][worst],
    }
