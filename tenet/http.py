"""Asking over HTTP: time limits, bounded retries, spacing, size limit, one host, no plain text.

A `Line` is one provider's line to its own host. What comes back is an Answer, whatever its status;
what does not come back is a ProviderSyncError of category connection.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from tenet.errors import ConfigError, ProviderSyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIMEOUT = httpx.Timeout(30, connect=10)
LARGEST = 64 * 1024 * 1024
LONGEST_WAIT = 120.0
PAUSES = (2.0, 4.0, 8.0)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_RETRIABLE = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Answer:
    """What a host said."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """A 2xx status."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds that the host asks us to wait, from seconds or a date."""
        given = self.headers.get("retry-after", "").strip()
        if given.isdigit():
            return float(given)
        try:
            return max(0.0, (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            return None


def make_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """The client that `fetch` is given: no redirects, no environment proxies or netrc."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # below that they log URLs and headers
    return httpx.Client(
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        transport=transport,
        headers={"user-agent": "tenet"},
    )


def checked_base_url(setting: str, url: str) -> str:
    """A base URL: scheme, host and port. Raises ConfigError; plain http only to loopback."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ConfigError(setting, "is not a URL such as https://host:port")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ConfigError(setting, "plain http is for this machine only; use https")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@dataclass
class Line:
    """One provider's line to one host.

    spacing: least seconds between two requests. pause: how to wait (tests count instead).
    attempts: how often a retriable answer is asked again, at most.
    wait_of: the seconds that an answer asks us to wait, where its body or own headers say so.
    """

    client: httpx.Client
    base_url: str
    spacing: float = 0.0
    attempts: int = 3
    pause: Callable[[float], None] = time.sleep
    wait_of: Callable[[Answer], float | None] = lambda answer: answer.retry_after
    _last: float = field(default=float("-inf"), init=False)

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        sign: Callable[[httpx.Request], None] = lambda _: None,
        retried: bool = True,
    ) -> Answer:
        """Ask `path` of the host.

        sign: puts authentication on each request as it goes out, query in place and order final.
        retried: false where a repetition costs (SimpleFIN's daily quota).
        Raises ProviderSyncError (connection) when nothing came back.
        """
        for attempt in range(self.attempts + 1):
            last = attempt == self.attempts or not retried
            try:
                request = self.client.build_request(
                    method, self.base_url + path, params=params, data=data, headers=headers
                )
                sign(request)
                answer = self._send(request)
            except httpx.InvalidURL:
                raise ProviderSyncError(
                    "data", "an address that was given is none", code="bad_url"
                ) from None
            except httpx.RequestError as error:
                if last:
                    raise ProviderSyncError(
                        "connection", f"no answer: {type(error).__name__}", retriable=True
                    ) from None
                wait = self._jittered(attempt)
            else:
                if last or answer.status not in _RETRIABLE:
                    return answer
                asked = self.wait_of(answer)
                wait = self._jittered(attempt) if asked is None else asked
                if wait > LONGEST_WAIT:
                    return answer
            self.pause(wait)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, request: httpx.Request) -> Answer:
        rest = self._last + self.spacing - time.monotonic()
        if rest > 0:
            self.pause(rest)
        self._last = time.monotonic()
        response = self.client.send(request, stream=True)
        try:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise ProviderSyncError("data", "the answer is too large", code="too_large")
        finally:
            response.close()
        return Answer(response.status_code, bytes(body), dict(response.headers))

    def _jittered(self, attempt: int) -> float:
        pause = PAUSES[min(attempt, len(PAUSES) - 1)]
        return pause * random.uniform(0.8, 1.2)


def category_of(status: int) -> tuple[str, bool]:
    """Category and retriable of an HTTP status that is no success."""
    if 300 <= status < 400:
        return "connection", False  # a redirect, never followed
    if status in (401, 402, 403):
        return "auth", False
    if status == 429:
        return "rate_limit", True
    if status in (408, 425) or status >= 500:
        return "connection", True
    return "data", False
