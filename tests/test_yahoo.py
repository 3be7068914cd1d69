"""Yahoo over HTTP on loopback, through the real yfinance: what it sends and what it becomes."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tape import cases, error_cases, mutated, playing, recorded

from tenet.errors import ConfigError, ProviderSyncError
from tenet.http import Answer
from tenet.market.series import Ask, Series
from tenet.market.yahoo import Yahoo
from tenet.market.yahoo_chart import as_sent
from tenet.market.yahoo_session import SPACING, fault

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 9, 19, 12, tzinfo=UTC)
FIRST, LAST = date(2017, 1, 1), date(2026, 9, 19)
Json = dict[str, Any]
MALFORMED = "11_malformed"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: yfinance keeps its files open as long as the process lives."""
    return tmp_path_factory.mktemp("yahoo") / "cache"


def ask(symbol: str | None, first: date = FIRST, last: date = LAST) -> Ask:
    return Ask(symbol or "X", symbol, first, last)


def fetched(
    cache: Path,
    base_url: str,
    *asks: Ask,
    at: datetime = AT,
    waits: list[float] | None = None,
) -> list[Series]:
    pause = ([] if waits is None else waits).append
    return list(Yahoo(cache, base_url).fetch(asks, at=at, pause=pause))


def entry(symbol: str, body: bytes | str | Json, status: int = 200, **headers: str) -> Json:
    """The answer to one chart."""
    content = json.dumps(body) if isinstance(body, dict) else body
    return {
        "request": {"method": "GET", "path": f"/v8/finance/chart/{symbol}"},
        "response": {
            "status": status,
            "headers": headers,
            "content": content.encode() if isinstance(content, str) else content,
        },
    }


def chart(
    text: str,
    *,
    zone: str = "America/New_York",
    currency: str | None = "USD",
    kind: str = "EQUITY",
    session: tuple[str, str, str] = ("2026-09-18 09:30", "2026-09-18 16:00", "2026-09-18 16:00"),
    **events: Json,
) -> Json:
    """A chart of lines `day time close`, in local time of the exchange, `-` for null.

    session: start and end of the current regular session, and the time of the last price.
    """
    place = ZoneInfo(zone)

    def stamp(when: str) -> int:
        return int(datetime.fromisoformat(when).replace(tzinfo=place).timestamp())

    lines = [line.rsplit(maxsplit=1) for line in text.strip().splitlines()]
    closes = [None if close == "-" else json.loads(close) for _, close in lines]
    start, end, priced = map(stamp, session)
    meta = {
        "currency": currency,
        "instrumentType": kind,
        "exchangeTimezoneName": zone,
        "regularMarketTime": priced,
        "currentTradingPeriod": {
            name: {"timezone": "", "gmtoffset": 0, "start": start, "end": end}
            for name in ("pre", "regular", "post")
        },
        "validRanges": ["1d"],
    }
    names = ("open", "high", "low", "close")
    quote = dict.fromkeys(names, closes)
    quote["volume"] = [None if close is None else 1 for close in closes]
    told = {
        name: {
            str(stamp(f"{day} 09:30")): {"date": stamp(f"{day} 09:30")} | event
            for day, event in of.items()
        }
        for name, of in events.items()
    }
    result = {
        "meta": meta,
        "timestamp": [stamp(when.strip()) for when, _ in lines],
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": closes}]},
        "events": told,
    }
    return {"chart": {"result": [result], "error": None}}


def one(cache: Path, sent: Json, at: datetime = AT, **asked: date) -> Series:
    """The series of a symbol whose chart is `sent`."""
    with playing([entry("X", sent)]) as (url, _):
        [series] = fetched(cache, url, ask("X", **asked), at=at)
    return series


def written(days: tuple[tuple[date, Decimal], ...]) -> str:
    return " ".join(f"{day:%d}={value}" for day, value in days)


def in_units_sent(row: Json, unit: str) -> str:
    amount = Decimal(row.get("close") or row.get("ratio") or row["amount"])
    per_major = 100 if unit in ("GBp", "ZAc", "ILA") else 1
    return f"{row['date']} {(amount * per_major).normalize():f}"


def plain(days: tuple[tuple[date, Decimal], ...]) -> list[str]:
    return [f"{day} {value}" for day, value in days]


@pytest.mark.parametrize("folder", [case for case in cases("yahoo") if case.id != MALFORMED])
def test_a_recorded_case_becomes_what_is_expected(cache: Path, folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    asks = [ask(row["symbol"]) for row in expected["series"]]
    waits: list[float] = []
    with playing(recorded(folder)) as (url, asked):
        found = fetched(
            cache, url, *asks, at=datetime.fromisoformat(expected["clock"]), waits=waits
        )
    statuses = {"not_found": "unknown", "no_data": "unknown"}
    for series, row in zip(found, expected["series"], strict=True):
        unit = row.get("quote_unit") or row["currency"]
        assert series.status == statuses.get(row["status"], row["status"])
        assert series.currency == unit
        assert plain(series.closes) == [in_units_sent(line, unit) for line in row["rows"]]
        assert plain(series.splits) == [in_units_sent(line, "") for line in row["splits"]]
        assert plain(series.dividends) == [in_units_sent(line, "") for line in row["dividends"]]
        assert series.through == (date(2026, 9, 18) if series.status == "ok" else None)
    assert len(asked) == len(asks)
    assert waits == [SPACING] * (len(asks) - 1)


@pytest.mark.parametrize(
    "folder", [case for case in cases("yahoo") if case.id in (MALFORMED, None)]
)
def test_a_malformed_answer_fails_its_symbol_only(cache: Path, folder: Path) -> None:
    sent = recorded(folder)
    with playing([*sent, entry("GOOD", chart("2026-09-18 09:30 1.5"))]) as (url, asked):
        found = fetched(cache, url, *[ask("AAPL")] * len(sent), ask("GOOD"))
    assert [series.status for series in found] == ["failed"] * len(sent) + ["ok"]
    assert all(series.message and not series.closes for series in found[:-1])
    assert len(asked) == len(found)


@pytest.mark.parametrize("case", error_cases("yahoo"))
def test_a_recorded_fault_has_its_category(case: Json) -> None:
    error = fault(Answer(case["status"], case["body"].encode(), case["headers"]))
    expect = case["expect"]
    found = {"category": error.category, "retriable": error.retriable, "code": error.code}
    assert found == {name: expect[name] for name in found}


@pytest.mark.parametrize("case", error_cases("yahoo"))
def test_a_recorded_fault_becomes_a_status(cache: Path, case: Json) -> None:
    statuses = {"not_found": "unknown", "no_data_in_range": "empty"}
    with playing([entry("X", case["body"], case["status"], **case["headers"])]) as (url, asked):
        if case["expect"]["category"] == "rate_limit":
            with pytest.raises(ProviderSyncError) as raised:
                fetched(cache, url, ask("X"))
            assert (raised.value.category, raised.value.retriable) == ("rate_limit", True)
            return
        [series] = fetched(cache, url, ask("X"))
    assert series.status == statuses.get(case["name"], "failed")
    assert bool(series.message) == (series.status == "failed")
    if series.status in statuses.values():
        assert len(asked) == 1


def test_days_before_the_first_trade_are_asked_once_and_are_through(cache: Path) -> None:
    told = {"code": "Bad Request", "description": "Data doesn't exist for startDate = 1"}
    body = {"chart": {"result": None, "error": told}}
    with playing([entry("X", body, 400)]) as (url, _):
        [past] = fetched(cache, url, ask("X", date(2020, 1, 1), date(2020, 1, 3)))
        [near] = fetched(cache, url, ask("X", date(2026, 9, 1), date(2026, 9, 19)))
        [today] = fetched(cache, url, ask("X", date(2026, 9, 19), date(2026, 9, 19)))
    assert [past.status, past.through] == ["empty", date(2020, 1, 3)]
    assert near.through == date(2026, 9, 18)
    assert [today.status, today.through] == ["empty", None]


def test_a_holiday_week_of_a_known_symbol_is_empty(cache: Path) -> None:
    body = chart("")
    result = body["chart"]["result"][0]
    del result["timestamp"]
    result["indicators"] = {"quote": [{}], "adjclose": [{}]}
    series = one(cache, body)
    assert [series.status, series.through] == ["empty", date(2026, 9, 18)]


SESSION = ("2026-09-18 09:30", "2026-09-18 16:00")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("at", "last_price", "through"),
    [
        ("12:00", "2026-09-18 12:00", 17),  # the session runs
        ("16:05", "2026-09-18 15:50", 17),  # delayed: not the close yet
        ("17:30", "2026-09-17 16:00", 17),  # a fund's price comes in the evening
        ("16:05", "2026-09-18 16:00", 18),
    ],
)
def test_a_day_counts_when_its_session_is_over(
    cache: Path, at: str, last_price: str, through: int
) -> None:
    body = chart(
        """
        2026-09-17 09:30  100.25
        2026-09-18 09:30  101.5
        """,
        session=(*SESSION, last_price),
    )
    now = datetime.fromisoformat(f"2026-09-18 {at}").replace(tzinfo=NEW_YORK)
    series = one(cache, body, now, last=date(2026, 9, 18))
    assert series.through == date(2026, 9, through)
    assert [day.day for day, _ in series.closes] == list(range(17, through + 1))


def test_a_live_row_takes_the_place_of_its_days_row(cache: Path) -> None:
    text = """
        2026-09-17 09:30  100.25
        2026-09-18 09:30  101.5
        2026-09-18 16:00  101.75
        """
    assert written(one(cache, chart(text)).closes) == "17=100.25 18=101.75"
    during = datetime(2026, 9, 18, 14, tzinfo=NEW_YORK)
    body = chart(text, session=(*SESSION, "2026-09-18 14:00"))
    assert written(one(cache, body, during).closes) == "17=100.25"


def test_a_null_close_is_no_close(cache: Path) -> None:
    body = chart("""
        2026-09-16 09:30  -
        2026-09-17 09:30  100.25
        2026-09-18 09:30  -
        """)
    series = one(cache, body)
    assert written(series.closes) == "17=100.25"
    assert series.through == date(2026, 9, 18)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Pacific/Auckland", "Australia/Sydney"])
def test_far_east_a_day_is_the_exchanges_own(cache: Path, zone: str) -> None:
    body = chart(
        """
        2026-09-17 09:00  2500
        2026-09-18 09:00  2510.5
        2026-09-21 09:00  2520
        """,
        zone=zone,
        session=("2026-09-21 09:00", "2026-09-21 15:00", "2026-09-21 09:30"),
    )
    # Sunday evening in London: Monday's session has begun there.
    series = one(cache, body, datetime(2026, 9, 20, 23, 30, tzinfo=UTC), last=date(2026, 9, 21))
    assert written(series.closes) == "17=2500 18=2510.5"
    assert series.through == date(2026, 9, 20)


def test_a_change_of_the_clocks_moves_no_day(cache: Path) -> None:
    body = chart(
        """
        2026-03-27 00:00  1.0801
        2026-03-29 23:00  1.0802
        2026-03-31 00:00  1.0803
        """,
        zone="Europe/London",
        kind="CURRENCY",
    )
    assert written(one(cache, body).closes) == "27=1.0801 30=1.0802 31=1.0803"


def test_a_currency_pairs_day_ends_at_midnight_in_london(cache: Path) -> None:
    body = chart(
        """
        2026-09-17 00:00  1.17
        2026-09-18 00:00  1.18
        """,
        zone="Europe/London",
        kind="CURRENCY",
        session=("2026-09-18 00:00", "2026-09-18 23:59", "2026-09-18 23:59"),
    )
    before = datetime(2026, 9, 18, 22, 59, 30, tzinfo=UTC)
    assert written(one(cache, body, before).closes) == "17=1.17"
    assert written(one(cache, body, before + timedelta(minutes=1)).closes) == "17=1.17 18=1.18"


def test_only_days_asked_are_answered(cache: Path) -> None:
    body = chart(
        """
        2026-09-15 09:30  1
        2026-09-16 09:30  2
        2026-09-17 09:30  3
        2026-09-18 09:30  4
        """,
        dividends={"2026-09-15": {"amount": 0.1}, "2026-09-17": {"amount": 0.3}},
        splits={"2026-09-15": {"numerator": 2, "denominator": 1}},
    )
    series = one(cache, body, first=date(2026, 9, 16), last=date(2026, 9, 17))
    assert written(series.closes) == "16=2 17=3"
    assert written(series.dividends) == "17=0.3"
    assert series.splits == ()
    assert series.through == date(2026, 9, 17)


# Restated as it should be, not restated, restated twice: telling them apart is not for the source.
@pytest.mark.parametrize("closes", ["100 101", "400 101", "25 101"])
def test_a_split_comes_beside_the_closes_as_they_are(cache: Path, closes: str) -> None:
    before, after = closes.split()
    body = chart(
        f"""
        2026-09-17 09:30  {before}
        2026-09-18 09:30  {after}
        """,
        splits={"2026-09-18": {"numerator": 4.0, "denominator": 1.0, "splitRatio": "4:1"}},
    )
    series = one(cache, body)
    assert written(series.closes) == f"17={before} 18={after}"
    assert written(series.splits) == "18=4"


def test_ratios_are_exact_to_ten_places(cache: Path) -> None:
    body = chart(
        "2026-09-14 09:30 1",
        splits={
            "2026-09-14": {"numerator": 1, "denominator": 10},
            "2026-09-15": {"numerator": 3, "denominator": 2},
            "2026-09-16": {"numerator": 1, "denominator": 3},
            "2026-09-17": {"numerator": 1, "denominator": 0},
        },
    )
    assert written(one(cache, body).splits) == "14=0.1 15=1.5 16=0.3333333333"


def test_an_event_on_a_day_without_a_row_keeps_its_day(cache: Path) -> None:
    body = chart(
        """
        2026-09-14 09:30  10
        2026-09-18 09:30  5
        """,
        splits={"2026-09-16": {"numerator": 2, "denominator": 1}},
        dividends={"2026-09-17": {"amount": 0.23000000417232513}},
    )
    series = one(cache, body)
    assert written(series.splits) == "16=2"
    assert written(series.dividends) == "17=0.23"


def test_a_dividend_in_another_currency_is_left_out(cache: Path) -> None:
    body = chart(
        "2026-09-14 09:30 10",
        dividends={
            "2026-09-15": {"amount": 1, "currency": "EUR"},
            "2026-09-16": {"amount": 2, "currency": "USD"},
            "2026-09-17": {"amount": 3, "currency": ""},
        },
    )
    assert written(one(cache, body).dividends) == "16=2 17=3"


def test_pence_stay_pence_and_an_unknown_currency_fails(cache: Path) -> None:
    assert one(cache, chart("2026-09-18 08:00 980.2", currency="GBp")).currency == "GBp"
    series = one(cache, chart("2026-09-18 08:00 980.2", currency="XQZ"))
    assert [series.status, series.message] == ["failed", "no currency is known as 'XQZ'"]


def test_widened_floats_are_written_as_they_were_meant(cache: Path) -> None:
    body = chart("""
        2026-09-14 09:30  230.10000610351562
        2026-09-15 09:30  87250.5625
        2026-09-16 09:30  0.00000812
        2026-09-17 09:30  0.30000000000000004
        2026-09-18 09:30  123456792
        """)
    found = written(one(cache, body).closes)
    assert found == "14=230.1 15=87250.56 16=0.00000812 17=0.3 18=123456792"


@given(st.integers(1, 13_107_199))
def test_cents_survive_both_widths_of_a_float(cents: int) -> None:
    price = Decimal(cents) / 100
    [widened] = struct.unpack("f", struct.pack("f", float(price)))
    assert as_sent(widened) == as_sent(float(price)) == price


def test_no_price_is_beyond_measure() -> None:
    assert as_sent(float("nan")) is None
    assert as_sent(float("-inf")) is None
    assert as_sent(1e25) is None
    assert as_sent(1e-14) is None
    assert as_sent(0.0) == 0


def test_a_symbol_that_yahoo_cannot_have_is_not_asked(cache: Path) -> None:
    with playing([]) as (url, asked):
        asks = [ask(odd) for odd in (None, "", "A B", "../../x", "A?B", "A#B", "US0378331005")]
        assert {series.status for series in fetched(cache, url, *asks)} == {"unknown"}
    assert asked == []


@pytest.mark.parametrize("symbol", ["^GSPC", "EURUSD=X", "M&M.NS", "brk-b"])
def test_odd_but_right_symbols_reach_their_chart(cache: Path, symbol: str) -> None:
    with playing([]) as (url, asked):
        fetched(cache, url, ask(symbol))
    [path] = [unquote(urlsplit(line.split()[1]).path) for line in asked]
    assert path == f"/v8/finance/chart/{symbol.upper()}"


def test_a_rate_limit_stops_the_loop_and_keeps_what_came(cache: Path) -> None:
    sent = [
        entry("A", chart("2026-09-18 09:30 1.5")),
        entry("B", "Too Many Requests", 429, **{"retry-after": "60"}),
    ]
    with playing(sent) as (url, asked):
        answers = Yahoo(cache, url).fetch([ask("A"), ask("B"), ask("C")], at=AT, pause=[].append)
        assert next(answers).status == "ok"
        with pytest.raises(ProviderSyncError) as raised:
            next(answers)
    assert (raised.value.category, raised.value.retriable) == ("rate_limit", True)
    assert raised.value.retry_after == 60
    assert len(asked) == 2


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refused_chart_is_asked_again_once_with_a_cookie(cache: Path, status: int) -> None:
    crumb = {
        "request": {"method": "GET", "path": "/v1/test/getcrumb"},
        "response": {"status": 200, "content": b"crumb-of-yahoo"},
    }
    errand = {
        "request": {"method": "GET", "path": "/"},
        "response": {"status": 404, "headers": {"set-cookie": "A3=x"}, "content": b""},
    }
    good = entry("X", chart("2026-09-18 09:30 1.5"))
    with playing([entry("X", "refused", status), errand, crumb, good]) as (url, asked):
        found = fetched(cache, url, ask("X"), ask("X"))
    assert [series.status for series in found] == ["ok", "ok"]
    paths = [urlsplit(line.split()[1]).path.rpartition("/")[2] for line in asked]
    # Away from Yahoo's own domain yfinance does not find its cookie again, and gets it twice.
    assert paths[:5] == ["X", "", "", "getcrumb", "X"]
    assert paths.count("X") == 3
    assert "crumb=crumb-of-yahoo" in asked[4]


def test_a_fault_of_the_host_is_retried_once_after_the_wait_that_it_asks_for(cache: Path) -> None:
    sent = [
        entry("X", "Will be right back", 503, **{"retry-after": "7"}),
        entry("X", chart("2026-09-18 09:30 1.5")),
    ]
    waits: list[float] = []
    with playing(sent) as (url, asked):
        [series] = fetched(cache, url, ask("X"), waits=waits)
    assert series.status == "ok"
    assert [len(asked), waits] == [2, [7]]


def test_a_wait_without_end_is_not_waited_for(cache: Path) -> None:
    waits: list[float] = []
    with playing([entry("X", "", 503, **{"retry-after": "86400"})]) as (url, asked):
        [series] = fetched(cache, url, ask("X"), waits=waits)
    assert [series.status, series.message, len(asked)] == ["failed", "HTTP 503", 1]
    assert waits == []


def test_three_connection_faults_in_a_row_mean_that_yahoo_is_down(cache: Path) -> None:
    good = chart("2026-09-18 09:30 1.5")
    sent = [entry(name, "<html>", 502) for name in "ABDEF"] + [entry("C", good), entry("G", good)]
    with playing(sent) as (url, asked):
        answers = Yahoo(cache, url).fetch([ask(name) for name in "ABCDEFG"], at=AT, pause=[].append)
        found = [next(answers).status for _ in "ABCDE"]
        with pytest.raises(ProviderSyncError) as raised:
            next(answers)
    assert found == ["failed", "failed", "ok", "failed", "failed"]
    assert (raised.value.category, raised.value.retriable) == ("connection", True)
    assert not any("/G?" in line for line in asked)


def test_nobody_at_the_other_end_is_a_connection_fault(cache: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(ProviderSyncError) as raised:
        fetched(cache, url, *map(ask, "ABCDEF"))
    assert (raised.value.category, raised.value.retriable) == ("connection", True)


def test_a_redirect_is_not_followed(cache: Path) -> None:
    with playing([entry("X", "", 302, location="/v8/finance/chart/Y")]) as (url, asked):
        [series] = fetched(cache, url, ask("X"))
    assert [series.status, series.message, len(asked)] == ["failed", "HTTP 302", 1]


def test_a_404_that_is_not_yahoos_own_says_nothing_of_the_symbol(cache: Path) -> None:
    with playing([entry("X", "<html>no such page</html>", 404)]) as (url, _):
        [series] = fetched(cache, url, ask("X"))
    assert series.status == "failed"


def test_a_proxy_of_the_environment_is_not_asked(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert one(cache, chart("2026-09-18 09:30 1.5")).status == "ok"


def test_the_same_days_are_asked_anew(cache: Path) -> None:
    first, second = chart("2026-09-17 09:30 400"), chart("2026-09-17 09:30 100")
    with playing([entry("X", first), entry("X", second)]) as (url, _):
        found = fetched(cache, url, ask("X"), ask("X"))
    assert [written(series.closes) for series in found] == ["17=400", "17=100"]


def test_control_characters_do_not_reach_a_message(cache: Path) -> None:
    told = {"code": "Bad\x1b[31m", "description": "line\r\nline\x00" + "x" * 999}
    body = {"chart": {"result": None, "error": told}}
    with playing([entry("X", body, 422)]) as (url, _):
        [series] = fetched(cache, url, ask("X"))
    assert series.message
    assert series.message.isprintable()
    assert len(series.message) <= 200


def test_an_answer_that_is_too_large_is_not_taken(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenet.market.yahoo_session.LARGEST", 500)
    series = one(cache, chart("2026-09-18 09:30 1.5"))
    assert [series.status, series.closes] == ["failed", ()]
    assert str(series.message).startswith("no answer")


def test_a_base_url_is_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"yahoo\.base_url"):
        Yahoo(tmp_path, "http://example.com")


SCRIPT = """
import sys, warnings
from datetime import UTC, date, datetime
from pathlib import Path
from tenet.market.series import Ask
from tenet.market.yahoo import Yahoo
asks = [Ask(name, name, date(2026, 9, 1), date(2026, 9, 19)) for name in "ABC"]
at = datetime(2026, 9, 19, 12, tzinfo=UTC)
found = list(Yahoo(Path(sys.argv[1]), sys.argv[2]).fetch(asks, at=at, pause=lambda _: None))
assert [series.status for series in found] == ["ok", "unknown", "failed"], found
"""


@pytest.mark.parametrize("left", [None, b"", b"no database" * 100])
def test_nothing_is_said_and_nothing_lies_outside_the_cache(
    tmp_path: Path, left: bytes | None
) -> None:
    cache, elsewhere = tmp_path / "cache" / "yahoo", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if left is not None:
        cache.mkdir(parents=True)
        for name in ("cookies.db", "tkr-tz.db", "isin-tkr.db"):
            (cache / name).write_bytes(left)
    names = ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "TMPDIR")
    env = os.environ | {name: str(elsewhere) for name in names}
    gone = {"chart": {"result": None, "error": {"code": "Not Found", "description": "none"}}}
    sent = [
        entry("A", chart("2026-09-18 09:30 1.5", dividends={"2026-09-18": {"amount": 1}})),
        entry("B", gone, 404),
        entry("C", "<html>"),
    ]
    with playing(sent) as (url, _):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(cache), url],
            cwd=elsewhere,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    assert [done.returncode, done.stdout, done.stderr] == [0, "", ""]
    assert list(elsewhere.iterdir()) == []
    if left is None:
        assert cache.stat().st_mode & 0o777 == 0o700


GOOD = json.dumps(
    chart(
        """
        2026-09-17 09:30  100.25
        2026-09-18 09:30  230.10000610351562
        """,
        dividends={"2026-09-18": {"amount": 0.26}},
        splits={"2026-09-17": {"numerator": 4, "denominator": 1}},
    )
)


@pytest.fixture(scope="module")
def mutable() -> Any:
    """A server of one chart whose body can be changed."""
    sent = entry("X", "")
    with playing([sent]) as (url, _):
        yield url, sent["response"]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(mutated(GOOD))
def test_no_answer_breaks_the_loop(cache: Path, mutable: Any, body: bytes) -> None:
    url, response = mutable
    response["content"] = body
    [series] = fetched(cache, url, ask("X"))
    assert series.status in ("ok", "empty", "unknown", "failed")
    assert bool(series.message) == (series.status == "failed")
    for _, value in (*series.closes, *series.splits, *series.dividends):
        assert value.is_finite()
        assert value == round(value, 10)
        assert as_sent(float(value)) == value
    for day, _ in (*series.closes, *series.splits, *series.dividends):
        assert FIRST <= day <= (series.through or FIRST) <= LAST
