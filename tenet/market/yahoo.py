"""Closes, splits and dividends of Yahoo Finance, through yfinance."""

from __future__ import annotations

import logging
import sqlite3
import warnings
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from tenet.errors import ProviderSyncError
from tenet.home import make_private_folder
from tenet.http import checked_base_url
from tenet.market import yahoo_chart
from tenet.market.series import Series
from tenet.market.symbols import is_yahoo_symbol
from tenet.resources import codes
from tenet.sent import fields, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from tenet.market.series import Ask, Status
    from tenet.market.yahoo_chart import Days
    from tenet.market.yahoo_session import ChartSession

MOST_FAULTS = 3
"""So many connection faults in a row mean that Yahoo is down, not a symbol."""

_NO_DATA = "Data doesn't exist"


class Yahoo:
    """Yahoo Finance as a PriceSource.

    cache: a folder of its own for what yfinance keeps on disk; made when missing, mode 0700.
    base_url: another host in place of all of Yahoo's. Raises ConfigError when that is no URL.
    """

    name = "yahoo"

    def __init__(self, cache: Path, base_url: str | None = None) -> None:
        self._cache = cache
        self._base_url = checked_base_url("yahoo.base_url", base_url) if base_url else None

    def fetch(
        self, asks: Sequence[Ask], *, at: datetime, pause: Callable[[float], None]
    ) -> Iterator[Series]:
        """One series for each ask, in their order, one request each.

        Closes are never adjusted for dividends. Capital gain distributions are no dividends and
        are left out, as are dividends in another currency than the closes.
        Raises ProviderSyncError of category rate_limit at once, and of category connection at
        the third connection fault in a row.
        """
        faults = 0
        with _opened(self._cache, self._base_url, pause) as session:
            for ask in asks:
                try:
                    series, faults = _answered(session, ask, at), 0
                except ProviderSyncError as error:
                    faults += 1
                    if error.category == "rate_limit" or faults == MOST_FAULTS:
                        raise
                    series = _without(ask, "failed", message=str(error))
                yield series


def _opened(cache: Path, base_url: str | None, pause: Callable[[float], None]) -> ChartSession:
    """A session, and yfinance made ready: silent, raising, its files in `cache`."""
    make_private_folder(cache)
    for path in cache.glob("*.db"):
        _remove_broken(path)
    with warnings.catch_warnings(action="ignore"):
        import yfinance
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)
    yfinance.set_tz_cache_location(str(cache))
    yfinance.config.debug.hide_exceptions = False

    from tenet.market.yahoo_session import ChartSession

    return ChartSession(base_url, pause)


def _remove_broken(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma quick_check").fetchall()
    except sqlite3.DatabaseError:
        path.unlink()


def _answered(session: ChartSession, ask: Ask, at: datetime) -> Series:
    """What Yahoo says to one ask. Raises ProviderSyncError when the next one may fare no better."""
    from tenet.market.yahoo_session import plain

    if ask.symbol is None or not is_yahoo_symbol(ask.symbol):
        return _without(ask, "unknown")
    try:
        return _understood(session, ask, at)
    except ProviderSyncError as error:
        if error.category != "data":
            raise
        return _without(ask, "failed", message=str(error))
    except Exception as error:  # noqa: BLE001 (one symbol; yfinance raises what its parser meets)
        told = plain(f"{type(error).__name__}: {error}")
        return _without(ask, "failed", message=f"the answer cannot be read ({told})")


def _understood(session: ChartSession, ask: Ask, at: datetime) -> Series:
    from yfinance.exceptions import YFPricesMissingError

    try:
        return _series(ask, _closes(session, ask), session.chart, at)
    except YFPricesMissingError:
        return _priceless(ask, fields(session.chart.get("meta")), at)
    except ProviderSyncError as error:
        if error.code == "Not Found":
            return _without(ask, "unknown")
        if _NO_DATA in str(error):
            over = yahoo_chart.last_day_over_everywhere(at)
            return _without(ask, "empty", through=_through(ask, over))
        raise


def _closes(session: ChartSession, ask: Ask) -> Days:
    """Closes by day of the exchange, of at least the days asked, whatever its time zone."""
    import yfinance
    from yfinance.data import YfData

    first = datetime.combine(ask.first, time(), UTC) - timedelta(hours=14)
    last = datetime.combine(ask.last, time(), UTC) + timedelta(hours=36)
    YfData.cache_get.cache_clear()  # it would answer from memory what a split has since restated
    with warnings.catch_warnings(action="ignore"):
        ticker = yfinance.Ticker(ask.symbol, session=session)
        ticker._tz = "UTC"  # only for days without a time zone; finding it is one more request
        frame = ticker.history(start=first, end=last, auto_adjust=False, actions=True)
    rows = ((day.date(), yahoo_chart.as_sent(float(sent))) for day, sent in frame["Close"].items())
    return {day: close for day, close in rows if close is not None}


def _series(ask: Ask, closes: Days, chart: dict[str, Any], at: datetime) -> Series:
    meta = fields(chart.get("meta"))
    currency = str(meta.get("currency"))
    if currency not in codes("currencies") | codes("minor_units"):
        return _without(ask, "failed", message=f"no currency is known as {currency[:20]!r}")
    through = _through(ask, yahoo_chart.last_day_over(meta, at))

    def asked(found: Days) -> tuple[tuple[date, Decimal], ...]:
        days = sorted(day for day in found if through and ask.first <= day <= through)
        return tuple((day, found[day]) for day in days)

    series = Series(
        ask,
        str(ask.symbol),
        "ok",
        currency,
        closes=asked(closes),
        splits=asked(yahoo_chart.splits(chart)),
        dividends=asked(yahoo_chart.dividends(chart, currency)),
        through=through,
    )
    has_days = series.closes or series.splits or series.dividends
    return series if has_days else replace(series, status="empty")


def _priceless(ask: Ask, meta: dict[str, Any], at: datetime) -> Series:
    """An answer without a price: a symbol without days, a phantom of one, or no answer at all."""
    if not meta:
        return _without(ask, "failed", message="the answer holds nothing")
    if text(meta.get("currency")) is None:
        return _without(ask, "unknown")
    return _without(ask, "empty", through=_through(ask, yahoo_chart.last_day_over(meta, at)))


def _through(ask: Ask, last_day_over: date) -> date | None:
    return min(ask.last, last_day_over) if last_day_over >= ask.first else None


def _without(ask: Ask, status: Status, **told: Any) -> Series:
    return Series(ask, ask.symbol or ask.security_id, status, **told)
