"""The HTTP session that yfinance is given: the chart of a symbol, in one request.

yfinance would first get a cookie and a "crumb", and get both anew after every fault. The chart
needs neither, so these errands are refused, which yfinance takes for an unreachable host and goes
on. Only when the chart itself is refused (401, 403, 429) may it get them, once, and ask again.
It never agrees to a consent form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from curl_cffi import CurlOpt
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException

from tenet.errors import ProviderSyncError
from tenet.http import LARGEST, LONGEST_WAIT, Answer, category_of
from tenet.sent import fields, json_body, rows, text

if TYPE_CHECKING:
    from collections.abc import Callable

SPACING = 0.3
"""Seconds between two charts."""

_TIMEOUT = (10, 20)
_RETRY_PAUSE = 2.0
_RETRIABLE = (408, 425, 500, 502, 503, 504)
_WANTS_COOKIE = (401, 403, 429)
_CHART = "/v8/finance/chart/"
_ERRANDS = (("fc.yahoo.com", ""), ("query1.finance.yahoo.com", "/v1/test/getcrumb"))


class ChartSession(Session[Response]):
    """A session for charts. What comes back is Yahoo's JSON, or a ProviderSyncError.

    base_url: the host that stands in for all of Yahoo's. pause: how to wait.
    chart: the last answer's `result`, numbers as decimals; empty when it holds none.
    """

    chart: dict[str, Any]

    def __init__(self, base_url: str | None, pause: Callable[[float], None]) -> None:
        # No proxies of the environment, as everywhere in tenet.
        limits = {CurlOpt.MAXFILESIZE_LARGE: LARGEST, CurlOpt.NOPROXY: "*"}
        super().__init__(impersonate="chrome", curl_options=limits)
        self.chart = {}
        self._base_url, self._pause = base_url, pause
        self._has_asked = self._may_get_cookie = False

    def request(self, method: Any, url: str, **kwargs: Any) -> Response:  # type: ignore[override]
        """Ask as yfinance does. Raises ProviderSyncError for whatever is no chart."""
        parts = urlsplit(url)
        is_chart = parts.path.startswith(_CHART)
        is_errand = (parts.hostname, parts.path) in _ERRANDS
        if not is_chart and not (is_errand and self._may_get_cookie):
            raise ConnectionRefusedError(f"{parts.path} is not needed for a chart")
        if self._base_url:
            url = self._base_url + parts.path
        kwargs |= {"timeout": _TIMEOUT}
        if is_chart or self._base_url:
            kwargs |= {"allow_redirects": False}
        if is_chart:
            return self._chart(method, url, kwargs)
        return super().request(method, url, **kwargs)  # yfinance does without when this fails

    def _chart(self, method: Any, url: str, kwargs: dict[str, Any]) -> Response:
        self.chart = {}
        if self._has_asked:
            self._pause(SPACING)
        self._has_asked = True
        response = self._twice(method, url, kwargs)
        answer = _answer(response)
        wants_cookie = answer.status in _WANTS_COOKIE and answer.retry_after is None
        if wants_cookie and not self._may_get_cookie:
            self._may_get_cookie = True
            return response
        if not answer.is_ok:
            raise fault(answer)
        told = fields(fields(json_body(answer.body)).get("chart"))
        if told.get("error"):
            raise fault(answer)
        self.chart = fields(next(iter(rows(told.get("result") or [])), None))
        return response

    def _twice(self, method: Any, url: str, kwargs: dict[str, Any]) -> Response:
        try:
            response = self._once(method, url, kwargs)
        except ProviderSyncError:
            wait = _RETRY_PAUSE
        else:
            if response.status_code not in _RETRIABLE:
                return response
            asked = _answer(response).retry_after
            wait = _RETRY_PAUSE if asked is None else asked
            if wait > LONGEST_WAIT:
                return response
        self._pause(wait)
        return self._once(method, url, kwargs)

    def _once(self, method: Any, url: str, kwargs: dict[str, Any]) -> Response:
        try:
            return super().request(method, url, **kwargs)
        except RequestException as error:
            raise ProviderSyncError(
                "connection", f"no answer: {type(error).__name__}", retriable=True
            ) from None


def fault(answer: Answer) -> ProviderSyncError:
    """What an answer without a chart means, in Yahoo's own words where it has some."""
    try:
        body = fields(json_body(answer.body))
    except ProviderSyncError:
        body = {}
    told = fields(fields(body.get("chart") or body.get("finance")).get("error"))
    code, words = text(told.get("code")), text(told.get("description"))
    category, retriable = category_of(answer.status)
    if answer.status in (401, 403) or (answer.status == 404 and not code):
        # There is no login, and a 404 that is not Yahoo's own says nothing about the symbol.
        category, retriable = "connection", True
    return ProviderSyncError(
        category,
        plain(f"HTTP {answer.status}" + (f": {words or code}" if words or code else "")),
        retriable=retriable,
        code=code and plain(code),
        retry_after=answer.retry_after,
    )


def plain(words: str) -> str:
    """Text of someone else's as one short line without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in words)[:200].strip()


def _answer(response: Response) -> Answer:
    headers = {name.lower(): value or "" for name, value in response.headers.items()}
    return Answer(response.status_code, response.content, headers)
