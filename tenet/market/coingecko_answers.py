"""What CoinGecko's answers say: points in time as closes by day, and its errors."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tenet.errors import ProviderSyncError
from tenet.http import category_of
from tenet.market.places import kept
from tenet.sent import fields, json_body, number, rows, text

if TYPE_CHECKING:
    from decimal import Decimal

    from tenet.http import Answer

    Points = list[tuple[int, Decimal]]
    """Milliseconds since 1970 and a price, as sent."""

HOME, PRO_HOST = "https://api.coingecko.com", "pro-api.coingecko.com"
THROTTLED_WAIT = 20.0
"""Seconds. Requests are counted by the minute, and three such waits are one."""

_EPOCH, _DAY_MS = date(1970, 1, 1), 86_400_000
_LONGEST = 200
_KNOWN = {
    "429": ("rate_limit", "too many requests"),
    "1020": ("connection", "the gateway in front of it refused the request"),
    "10002": ("auth", "it wants an API key: set TENET_COINGECKO__API_KEY"),
    "10005": ("auth", "the plan of the API key does not include this"),
    "10010": (
        "auth",
        f"a Pro key goes to its own host: set coingecko.base_url to https://{PRO_HOST}",
    ),
    "10011": ("auth", f"a Demo key goes to its own host: set coingecko.base_url to {HOME}"),
    "10012": ("data", "the plan does not include days that old"),
}
"""Category and meaning of the codes that CoinGecko documents."""


def points_of(body: dict[str, Any]) -> Points:
    """The points of a chart. One without a time or a price is none.

    Raises ProviderSyncError (data, malformed) where what was sent are no points at all.
    """
    sent = rows(body.get("prices"))
    pairs = [row for row in sent if isinstance(row, list) and len(row) == 2]
    if sent and not pairs:
        raise ProviderSyncError("data", "its prices are not points in time", code="malformed")
    read = [(number(stamp), number(price)) for stamp, price in pairs]
    return [(int(stamp), price) for stamp, price in read if stamp is not None and price is not None]


def closes_of(points: Points, first: date, last: date) -> tuple[dict[date, Decimal], int]:
    """Closes by day, in order, from first to last, and how many of them cannot be kept.

    A UTC day's close is the last point after its start until the midnight that ends it, that one
    included. Of two points of one time the one sent later counts.
    """
    prices = {day_of(stamp): price for stamp, price in sorted(points, key=lambda point: point[0])}
    numbers = range((first - _EPOCH).days, (last - _EPOCH).days + 1)
    asked = {day: kept(prices[day]) for day in numbers if day in prices}
    closes = {day: close for day, close in asked.items() if close is not None}
    days = {_EPOCH + timedelta(days=day): close for day, close in closes.items()}
    return days, len(asked) - len(closes)


def day_of(stamp: int) -> int:
    """The UTC day, counted from 1970, that a point belongs to."""
    return (stamp - 1) // _DAY_MS


def is_past(day: date, stamp: int) -> bool:
    """Whether a point lies at the end of a UTC day or after it."""
    return stamp >= ((day - _EPOCH).days + 1) * _DAY_MS


def wait_of(answer: Answer) -> float | None:
    """Seconds to wait when throttled, which an answer of status 200 may say as well."""
    is_throttled = answer.is_ok or answer.status == 429
    return THROTTLED_WAIT if answer.retry_after is None and is_throttled else answer.retry_after


def refusal(answer: Answer, *secrets: str) -> ProviderSyncError | None:
    """The error that an answer is, whatever its status; None for one that is none.

    Three forms: {error: text}, {status: {...}}, {error: {status: {...}}}; and plain text or markup.
    """
    code, said = _said(answer)
    if answer.is_ok and code is None and said is None:
        return None
    category, retriable = category_of(answer.status) if not answer.is_ok else ("data", False)
    if code in _KNOWN:
        category, said = _KNOWN[code]
        retriable = category in ("rate_limit", "connection")
    elif said and "not found" in said:
        category, retriable, code = "data", False, "not_found"
    elif code is None and said is None and answer.status == 403:
        category, retriable = "connection", True  # a page of the gateway in front of it
    return ProviderSyncError(
        category,
        _plain(said or "", *secrets) or f"HTTP {answer.status}",
        retriable=retriable,
        code=code,
        retry_after=answer.retry_after,
    )


def _said(answer: Answer) -> tuple[str | None, str | None]:
    """Code and text of an error; neither where the answer tells of none."""
    try:
        body = fields(json_body(answer.body))
    except ProviderSyncError:
        plain = re.search(rb"error code: (\d+)", answer.body[:1000])
        return (plain[1].decode(), None) if plain and not answer.is_ok else (None, None)
    status = fields(fields(body.get("error")).get("status")) or fields(body.get("status"))
    code = number(status.get("error_code"))
    said = text(status.get("error_message")) or text(body.get("error"))
    return None if code is None else f"{code:f}", said


def _plain(said: str, *secrets: str) -> str:
    """CoinGecko's own text without markup, control characters and secrets."""
    said = re.sub(r"<[^>]*>", " ", said)
    for secret in secrets:
        said = said.replace(secret, "***")
    return " ".join("".join(filter(str.isprintable, said)).split())[:_LONGEST]
