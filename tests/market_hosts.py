"""A market of invented prices that answers like Yahoo and the ECB, over loopback HTTP.

Prices grow by a cent a day and rates by a hundredth of one, so a person can check any day by eye.
"""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = date(2024, 1, 1)
OPENS = time(14, 30)
"""When the exchange opens. Its time zone is UTC."""


def close_on(day: date, first: str = "100") -> Decimal:
    """What a unit costs on a weekday, when it cost `first` on EPOCH."""
    return Decimal(first) + Decimal((day - EPOCH).days) / 100


def rate_on(day: date) -> Decimal:
    """Dollars for a euro on a weekday."""
    return Decimal("1.10") + Decimal((day - EPOCH).days) / 10000


def weekdays(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


@dataclass
class Hosts:
    """The market on a day. known: symbols at Yahoo, each with its price on EPOCH.

    is_down: every answer is an error. lacks: days without a close. asked: the paths of requests.
    """

    url: str
    today: date
    known: dict[str, str]
    is_down: bool = False
    lacks: set[date] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which `tenet` asks this market."""
        return {f"TENET_{name}__BASE_URL": self.url for name in ("YAHOO", "COINGECKO", "ECB")}

    def taken(self) -> list[str]:
        """The last part of each path asked since this was called last, sorted."""
        names, self.asked = sorted(path.rpartition("/")[2] for path in self.asked), []
        return names

    def answer(self, target: str) -> tuple[int, bytes]:
        """Status and body of one answer."""
        parts = urlsplit(target)
        self.asked.append(parts.path)
        if self.is_down:
            return 500, b"down"
        if parts.path.startswith("/v8/finance/chart/"):
            return self._chart(parts.path.rpartition("/")[2], parse_qs(parts.query))
        if parts.path.endswith("hist-90d.xml"):
            return 200, self._rates_xml()
        if parts.path.endswith("hist.zip"):
            return 200, self._rates_zip()
        return 404, b"{}"

    def _chart(self, symbol: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        if symbol not in self.known:
            told = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return 404, json.dumps({"chart": {"result": None, "error": told}}).encode()
        first, last = (
            datetime.fromtimestamp(int(query[name][0]), UTC).date()
            for name in ("period1", "period2")
        )
        days = [day for day in weekdays(first, min(last, self.today)) if day not in self.lacks]
        closes = [float(close_on(day, self.known[symbol])) for day in days]
        quote: dict[str, Any] = dict.fromkeys(("open", "high", "low", "close"), closes)
        session = {"start": _stamp(self.today), "end": _stamp(self.today) + 23400}
        periods = ("pre", "regular", "post")
        result = {
            "meta": {
                "currency": "USD",
                "symbol": symbol,
                "instrumentType": "EQUITY",
                "exchangeTimezoneName": "UTC",
                "regularMarketTime": session["start"],
                "currentTradingPeriod": dict.fromkeys(
                    periods, session | {"timezone": "UTC", "gmtoffset": 0}
                ),
                "validRanges": ["1d"],
            },
            "timestamp": [_stamp(day) for day in days],
            "indicators": {
                "quote": [quote | {"volume": [1] * len(days)}],
                "adjclose": [{"adjclose": closes}],
            },
        }
        return 200, json.dumps({"chart": {"result": [result], "error": None}}).encode()

    def _rates(self, first: date) -> list[date]:
        return weekdays(first, self.today - timedelta(days=1))[::-1]

    def _rates_xml(self) -> bytes:
        cubes = "".join(
            f'<Cube time="{day}"><Cube currency="USD" rate="{rate_on(day)}"/></Cube>'
            for day in self._rates(self.today - timedelta(days=89))
        )
        return (
            '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
            'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
            f"<Cube>{cubes}</Cube></gesmes:Envelope>"
        ).encode()

    def _rates_zip(self) -> bytes:
        lines = [f"{day},{rate_on(day)}," for day in self._rates(EPOCH - timedelta(days=60))]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("eurofxref-hist.csv", "\n".join(["Date,USD,", *lines, ""]))
        return packed.getvalue()


def _stamp(day: date) -> int:
    return int(datetime.combine(day, OPENS, UTC).timestamp())


@contextmanager
def market_hosts(today: date, **known: str) -> Iterator[Hosts]:
    """The market as it is on a day. known: symbols at Yahoo, each with its price on EPOCH."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = hosts.answer(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hosts = Hosts(f"http://127.0.0.1:{server.server_port}", today, known)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hosts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
