"""CoinGecko: closes of coins in US dollars, with the key of a Demo or a Pro plan, or without.

It gives points in time: some minutes or an hour apart for a range of up to 90 days, one a day at
00:00 UTC above that, and one more of just now. A UTC day's close is its last point, and the
midnight that ends a day is part of that day. So both kinds of answer give the same closes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from tenet.errors import ProviderSyncError
from tenet.http import LONGEST_WAIT, Line, checked_base_url, make_client
from tenet.market.coingecko_answers import (
    HOME,
    PRO_HOST,
    closes_of,
    day_of,
    is_past,
    points_of,
    refusal,
    wait_of,
)
from tenet.market.coingecko_coins import PINNED, found
from tenet.market.series import Ask, Series
from tenet.sent import fields, json_body, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import httpx

    from tenet.market.coingecko_answers import Points

FREE_DAYS = 365
"""What plans without a fee have of history."""
SPACING = {"pro": 0.2, "demo": 0.6, "keyless": 2.0}
"""Seconds between requests: below what each kind of access is allowed in a minute."""
ATTEMPTS = 3

_DAY, _MIDNIGHT, _EPOCH = timedelta(days=1), time(tzinfo=UTC), date(1970, 1, 1)
_PAST_MIDNIGHT = timedelta(hours=2)
"""Asked beyond a range's last day, so that a point after its end shows that the day is whole."""
_LATE = timedelta(days=2)
"""How far an answer may lag behind now; one that ends earlier was cut off or is of a dead coin."""


@dataclass(frozen=True)
class CoinGecko:
    """Access to CoinGecko. The host decides which kind of key api_key is; without one it is slow.

    A symbol is CoinGecko's id of a coin; where an ask has none it is looked up by security_id.
    Closes are as sent, rounded to ten places where they have more. client: makes the HTTP client.
    """

    base_url: str = HOME
    api_key: str | None = field(default=None, repr=False)
    client: Callable[[], httpx.Client] = make_client
    name: ClassVar[str] = "coingecko"

    def fetch(
        self, asks: Sequence[Ask], *, at: datetime, pause: Callable[[float], None]
    ) -> Iterator[Series]:
        """One series for each ask; see PriceSource.

        One coin that the host cannot serve fails alone; the error is raised when the next one
        fails as well, or when there is none.
        """
        held: tuple[Ask, ProviderSyncError] | None = None
        with self.client() as client:
            session = self._session(client, at, pause)
            for ask in asks:
                session.line.attempts = 0 if held else ATTEMPTS
                try:
                    series = _series(session, ask)
                except ProviderSyncError as error:
                    if error.category == "data":
                        series = _failed(ask, error)
                    elif error.category == "connection" and not held:
                        held = ask, error
                        continue
                    else:
                        raise
                if held:
                    yield _failed(*held)
                    held = None
                yield series
        if held:
            raise held[1]

    def _session(
        self, client: httpx.Client, at: datetime, pause: Callable[[float], None]
    ) -> _Session:
        base_url = checked_base_url("coingecko.base_url", self.base_url)
        key = (self.api_key or "").strip()
        if not (key.isascii() and key.isprintable()):
            raise ProviderSyncError("auth", "the API key holds characters that no key has")
        kind = "pro" if urlsplit(base_url).hostname == PRO_HOST else "demo"
        headers = {f"x-cg-{kind}-api-key": key} if key else {}
        spacing = SPACING[kind if key else "keyless"]
        line = Line(client, base_url, spacing, ATTEMPTS, pause, wait_of=wait_of)
        return _Session(line, headers, at.astimezone(UTC))


@dataclass
class _Session:
    """One fetch. earliest: the first day that the plan gives, once it refused an earlier one."""

    line: Line
    headers: dict[str, str]
    at: datetime
    earliest: date = date.min

    def get(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        """The object that the host sends. Raises ProviderSyncError for anything else."""
        for attempt in range(self.line.attempts + 1):
            answer = self.line.ask("GET", path, params=params, headers=self.headers)
            error = refusal(answer, *self.headers.values())
            if error is None:
                return fields(json_body(answer.body))
            wait = wait_of(answer) or 0.0
            is_throttled = answer.is_ok and error.category == "rate_limit"  # else Line asked again
            if not is_throttled or wait > LONGEST_WAIT or attempt == self.line.attempts:
                raise error
            self.line.pause(wait)
        raise AssertionError("the last attempt returns or raises")

    def coin(self, ask: Ask) -> str | None:
        """The id of the coin that is asked for; None where no one coin is meant."""
        known = ask.symbol or PINNED.get(ask.security_id.upper())
        if known:
            return known
        body = self.get("/api/v3/search", {"query": ask.security_id})
        return found(rows(body.get("coins")), ask.security_id)

    def points(self, coin: str, first: date, last: date, until: datetime) -> Points:
        """Every point from the start of the first day to a time after the start of the last.

        What one answer leaves out at its end is asked again, as long as more comes.
        """
        points: Points = []
        while (start := max(first, self.earliest)) <= last:
            try:
                more = self._points(coin, start, until)
            except ProviderSyncError as error:
                if error.code != "10012" or self.earliest > date.min:
                    raise
                self.earliest = self.at.date() - (FREE_DAYS - 1) * _DAY
                continue
            points += more
            end = max((day_of(stamp) for stamp, _ in more), default=-1)
            if not (start - _EPOCH).days <= end < (last - _LATE - _EPOCH).days:
                break
            first = _EPOCH + (end + 1) * _DAY
        return points

    def _points(self, coin: str, first: date, until: datetime) -> Points:
        path = f"/api/v3/coins/{quote(coin, safe='', errors='replace')}/market_chart/range"
        since = datetime.combine(first, _MIDNIGHT)
        window = {"from": f"{int(since.timestamp())}", "to": f"{int(until.timestamp())}"}
        return points_of(self.get(path, {"vs_currency": "usd"} | window))


def _series(session: _Session, ask: Ask) -> Series:
    coin = session.coin(ask)
    if coin is None:
        message = "no coin, or several without a rank, of that symbol: give it CoinGecko's id"
        return Series(ask, ask.security_id, "unknown", message=message)
    yesterday = session.at.date() - _DAY
    last = min(ask.last, yesterday)
    if ask.first > last:
        return Series(ask, coin, "empty", message="no day of these is over yet")
    until = datetime.combine(min(ask.last, yesterday + _DAY) + _DAY, _MIDNIGHT) + _PAST_MIDNIGHT
    try:
        points = session.points(coin, ask.first, last, min(until, session.at))
    except ProviderSyncError as error:
        if error.code != "not_found":
            raise
        return Series(ask, coin, "unknown", message=f"CoinGecko knows no coin {coin!r}")
    closes, lost = closes_of(points, ask.first, last)
    is_whole = last < yesterday or any(is_past(last, stamp) for stamp, _ in points)
    through = last if is_whole else last - _DAY
    notes = [f"{lost} closes are too small or too large to keep"] if lost else []
    if ask.first < session.earliest and ask.first not in closes:
        notes.append(f"the plan gives no day before {session.earliest}")
    return Series(
        ask,
        coin,
        "ok" if closes else "empty",
        currency="USD",
        closes=tuple(closes.items()),
        through=through if through >= ask.first else None,
        message="; ".join(notes) or None,
    )


def _failed(ask: Ask, error: ProviderSyncError) -> Series:
    return Series(ask, ask.symbol or ask.security_id, "failed", message=str(error))
