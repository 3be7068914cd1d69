"""The reading of Yahoo's chart: which days are over, splits, dividends, floats as meant."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tenet.market.places import kept
from tenet.sent import fields, number

if TYPE_CHECKING:
    from collections.abc import Callable

Days = dict[date, Decimal]

_ROUND_THE_CLOCK = ("CRYPTOCURRENCY", "CURRENCY")
_DAY = timedelta(days=1)


def as_sent(value: float) -> Decimal | None:
    """The number that was meant, to ten places; None for what no price can be.

    Yahoo widens floats of 32 bits: 230.10000610351562 is its 230.1. So a number that is such a
    float is given its shortest text as one, every other number its shortest text as it is. From
    2 ** 23 on a widened float is a whole number or a half already, and stays.
    """
    if not isfinite(value):
        return None
    if abs(value) < 2**23:
        for digits in range(1, 10):
            short = f"{value:.{digits}g}"
            if struct.unpack("f", struct.pack("f", float(short)))[0] == value:
                return _plain(Decimal(short))
    return _plain(Decimal(repr(value)))


def last_day_over(meta: dict[str, Any], at: datetime) -> date:
    """The last day that was over at the exchange.

    Its today counts when the regular session has ended and Yahoo's last price is from its end:
    prices are delayed, and a fund's comes hours later. Currencies and coins have no session.
    """
    zone = ZoneInfo(meta["exchangeTimezoneName"])
    today = at.astimezone(zone).date()
    end = fields(fields(meta.get("currentTradingPeriod")).get("regular")).get("end")
    priced = meta.get("regularMarketTime")
    if isinstance(end, int) and isinstance(priced, int):
        has_session = meta.get("instrumentType") not in _ROUND_THE_CLOCK
        is_over = end <= min(priced, at.timestamp())
        if has_session and is_over and datetime.fromtimestamp(end, zone).date() == today:
            return today
    return today - _DAY


def last_day_over_everywhere(at: datetime) -> date:
    """The last day that was over in every time zone."""
    return (at.astimezone(UTC) - timedelta(hours=12)).date() - _DAY


def splits(chart: dict[str, Any]) -> Days:
    """New units for one old by day; two on one day are multiplied.

    Read from the answer and not from yfinance's frame, which moves an event of a day without a
    row to the row before.
    """

    def ratio(event: dict[str, Any]) -> Decimal | None:
        new, old = number(event["numerator"]), number(event["denominator"])
        return new / old if new and old and new > 0 and old > 0 else None

    found = _by_day(chart, "splits", ratio, lambda one, other: one * other)
    ratios = ((day, _plain(value)) for day, value in found.items())
    return {day: value for day, value in ratios if value is not None}


def dividends(chart: dict[str, Any], currency: str) -> Days:
    """Amounts in `currency` by ex-date; two on one day add up. One in another currency is left out.

    Read from the answer and not from yfinance's frame, which does not tell their currency.
    """

    def amount(event: dict[str, Any]) -> Decimal | None:
        if event.get("currency") not in (None, "", currency):
            return None
        return as_sent(float(number(event["amount"]) or 0)) or None

    return _by_day(chart, "dividends", amount, lambda one, other: one + other)


def _by_day(
    chart: dict[str, Any],
    kind: str,
    value_of: Callable[[dict[str, Any]], Decimal | None],
    joined: Callable[[Decimal, Decimal], Decimal],
) -> Days:
    zone = ZoneInfo(fields(chart.get("meta"))["exchangeTimezoneName"])
    found: Days = {}
    for event in fields(fields(chart.get("events")).get(kind)).values():
        value = value_of(event)
        day = datetime.fromtimestamp(event["date"], zone).date()
        if value is not None:
            found[day] = joined(found[day], value) if day in found else value
    return found


def _plain(value: Decimal) -> Decimal | None:
    found = kept(value)
    return None if found is None else Decimal(f"{found.normalize():f}")
