"""CoinGecko: recorded charts over loopback HTTP, the close of a day, keys, limits, odd answers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import FIXTURES, cases, error_cases, mutated, playing, recorded

from tenet.errors import ConfigError, ProviderSyncError
from tenet.http import Answer, make_client
from tenet.market.coingecko import CoinGecko
from tenet.market.coingecko_answers import closes_of, points_of, refusal
from tenet.market.coingecko_coins import PINNED, found
from tenet.market.places import kept
from tenet.market.series import Ask

if TYPE_CHECKING:
    from pathlib import Path

    from tape import Json

    from tenet.market.series import Series

AT = datetime(2026, 9, 18, 22, tzinfo=UTC)
TODAY, DAY = AT.date(), timedelta(days=1)
KEY = "CG-PROBE-0123"
THROTTLED = {"status": {"error_code": 429, "error_message": "slow down"}}
TOO_OLD = {"error": {"status": {"error_code": 10012, "error_message": "too old"}}}


def day(text: str) -> date:
    return date.fromisoformat(text)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


def ask(symbol: str | None, first: str, last: str, security_id: str = "BTC") -> Ask:
    return Ask(security_id, symbol, day(first), day(last))


def chart(**prices: Any) -> Json:
    """A chart of points by time: `d16_12=5` is 5 USD on 2026-09-16 at 12:00."""
    times = {name: f"2026-09-{name[1:3]}T{name[4:6]}:00" for name in prices}
    return {"prices": [[ms(times[name]), price] for name, price in prices.items()]}


def entry(coin: str, body: Any, status: int = 200, **headers: str) -> Json:
    path = "/api/v3/search" if coin == "search" else f"/api/v3/coins/{coin}/market_chart/range"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    response = {"status": status, "headers": told, "content": content}
    return {"request": {"method": "GET", "path": path}, "response": response}


def plain() -> httpx.Client:
    """A client that reads no certificates, which takes longer than all that is asked here."""
    return make_client(httpx.HTTPTransport(verify=False))


class Asked:
    """What a fetch gave, and asked, and how long it waited (beyond the spacing of requests)."""

    def __init__(self, entries: list[Json], *asks: Ask, at: datetime = AT) -> None:
        self.series: list[Series] = []
        self.error: ProviderSyncError | None = None
        waits: list[float] = []
        with playing(entries) as (url, self.requests):
            try:
                for series in CoinGecko(url, None, plain).fetch(asks, at=at, pause=waits.append):
                    self.series.append(series)
            except ProviderSyncError as error:
                self.error = error
        self.waits = [wait for wait in waits if wait > 2]

    @property
    def statuses(self) -> list[str]:
        return [series.status for series in self.series]

    def window(self, number: int) -> tuple[datetime, datetime]:
        """From and to of a request."""
        query = parse_qs(urlsplit(self.requests[number]).query)
        start, end = (datetime.fromtimestamp(int(query[name][0]), UTC) for name in ("from", "to"))
        return start, end


@pytest.mark.parametrize("folder", [case for case in cases("coingecko") if "08" not in str(case)])
def test_a_recorded_exchange_gives_the_expected_closes(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    asks = []
    for series in expected.get("series", []):
        asked = expected.get("config", {}).get("request", {})
        first, last = series["rows"][0]["date"], series["rows"][-1]["date"]
        first, last = asked.get("from", first), asked.get("to", last)
        asks.append(ask(series["coin_id"], first, last, series["symbol"]))
    for resolved in expected.get("resolve", []):
        searched = Asked(
            [row for row in recorded(folder) if row["request"]["query"]["query"] == "ZZZZQ"],
            ask(None, "2026-09-16", "2026-09-17", "ZZZZQ"),
        )
        assert searched.statuses == ["unknown"]
        coins = json.loads((folder / "search_uni.json").read_text())["coins"]
        if resolved["coin_id"]:
            assert found(coins, resolved["symbol"].lower()) == resolved["coin_id"]
    got = Asked(recorded(folder), *asks)
    assert got.error is None
    assert got.statuses == [series["status"] for series in expected.get("series", [])]
    for series, wanted in zip(got.series, expected.get("series", []), strict=True):
        rows = [(day(row["date"]), Decimal(row["close"])) for row in wanted["rows"]]
        assert list(series.closes) == [row for row in rows if row[0] >= series.ask.first]
        assert (series.symbol, series.currency) == (wanted["coin_id"], wanted["currency"])
    least = expected.get("waits_s_at_least", [])
    assert all(wait >= due for wait, due in zip(got.waits, least, strict=True))
    assert len(got.requests) == len(asks) + len(least)
    pinned = expected.get("pinned", {})
    assert {symbol: PINNED[symbol] for symbol in pinned} == pinned


@pytest.mark.skipif(not FIXTURES.exists(), reason="the provider fixtures are not here")
def test_each_recorded_malformed_answer_fails_its_coin_alone() -> None:
    folder = FIXTURES / "coingecko" / "08_malformed"
    if not folder.exists():
        pytest.skip("the recorded malformed answers are not here")
    good = entry("ethereum", chart(d16_12=5))
    asks = [ask(coin, "2026-09-16", "2026-09-16") for coin in ("bitcoin", "ethereum")]
    for wanted in json.loads((folder / "expected.json").read_text())["each_answer"]:
        body = (folder / wanted["body_file"]).read_bytes()
        got = Asked([entry("bitcoin", body), good], *asks)
        is_unknown = wanted["errors"][0]["code"] == "not_found"
        assert got.statuses == ["unknown" if is_unknown else "failed", "ok"]
        assert (len(got.requests), got.error) == (2, None)


@pytest.mark.parametrize("case", error_cases("coingecko"))
def test_a_recorded_error_keeps_its_class_and_no_secret(case: Json) -> None:
    expect, body = case["expect"], case["body"].encode()
    error = refusal(Answer(case["status"], body, case["headers"]), KEY)
    assert error is not None
    assert (error.category, error.retriable) == (expect["category"], expect["retriable"])
    assert (error.code, error.retry_after) == (expect["code"], expect["retry_after_s"])
    sent = entry("bitcoin", body, case["status"], **case["headers"])
    got = Asked([sent], ask("bitcoin", "2026-09-16", "2026-09-17"))
    if expect["category"] == "data":
        is_unknown = expect["code"] == "not_found"
        assert (got.statuses, got.error) == (["unknown" if is_unknown else "failed"], None)
    else:
        assert got.series == []
        assert got.error is not None
        assert (got.error.category, got.error.code) == (expect["category"], expect["code"])
        assert len(got.requests) == (4 if expect["retriable"] and expect["code"] != "1020" else 1)


@given(
    st.integers(80, 100),
    st.integers(0, 3_599_999),
    st.lists(st.integers(1, 10**12), min_size=101, max_size=101),
)
@settings(max_examples=60, deadline=None)
def test_a_close_is_the_same_from_hourly_and_from_daily_points(
    days: int, offset: int, prices: list[int]
) -> None:
    first = TODAY - days * DAY
    midnights = [ms(f"{first + n * DAY}T00:00") for n in range(days + 1)]
    # The price changes once a day, just after the midnight that ends the day before.
    hourly = [
        [midnight + offset + hour * 3_600_000, prices[n]]
        for n, midnight in enumerate(midnights[:-1])
        for hour in range(24)
        if offset or hour
    ] + [[midnight, prices[n]] for n, midnight in enumerate(midnights[1:]) if not offset]
    daily = [[midnight, prices[n]] for n, midnight in enumerate(midnights[1:])]
    daily.append([ms(f"{TODAY}T21:58"), 1])
    wanted = {first + n * DAY: Decimal(prices[n]) for n in range(days)}
    for points in (hourly, daily, list(reversed(hourly)), hourly + daily):
        read = points_of({"prices": points})
        assert closes_of(read, first, TODAY - DAY) == (wanted, 0)


@pytest.mark.parametrize("days", [89, 90, 91])
def test_one_request_is_enough_on_both_sides_of_the_ninety_day_border(days: int) -> None:
    first = TODAY - days * DAY
    step = 24 if days > 90 else 1
    start = ms(f"{first}T00:00") if step == 24 else ms(f"{first}T00:02")
    stamps = range(start, ms(f"{TODAY}T22:00"), step * 3_600_000)
    points = [[stamp, (stamp - 1) // 86_400_000] for stamp in stamps]
    got = Asked([entry("bitcoin", {"prices": points})], Ask("BTC", "bitcoin", first, TODAY))
    assert len(got.requests) == 1
    epoch = date(1970, 1, 1)
    closes = [(first + n * DAY, Decimal((first + n * DAY - epoch).days)) for n in range(days)]
    assert list(got.series[0].closes) == closes
    assert got.series[0].through == TODAY - DAY


def test_today_has_no_close_and_yesterday_is_asked_again_until_its_end_was_seen() -> None:
    body = chart(d16_23=1, d17_21=2, d18_21=3)
    got = Asked([entry("bitcoin", body)], ask("bitcoin", "2026-09-16", "2026-09-18"))
    closes = ((day("2026-09-16"), Decimal(1)), (day("2026-09-17"), Decimal(2)))
    assert (got.series[0].closes, got.series[0].through) == (closes, day("2026-09-17"))
    early = datetime(2026, 9, 18, 0, 10, tzinfo=UTC)
    late = chart(d16_23=1, d17_21=2)
    got = Asked([entry("bitcoin", late)], ask("bitcoin", "2026-09-16", "2026-09-18"), at=early)
    assert (got.series[0].closes, got.series[0].through) == (closes, day("2026-09-16"))
    got = Asked([entry("bitcoin", late)], ask("bitcoin", "2026-09-17", "2026-09-18"), at=early)
    assert got.series[0].through is None


def test_the_range_asked_is_whole_days_and_ends_no_later_than_now() -> None:
    entries = [entry("bitcoin", chart(d10_12=1, d11_12=2, d17_12=1))]
    got = Asked(
        entries,
        ask("bitcoin", "2026-09-10", "2026-09-11"),
        ask("bitcoin", "2026-09-17", "2026-09-30"),
    )
    assert [f"{end:%d %H}" for end in got.window(0)] == ["10 00", "12 02"]
    assert [f"{end:%d %H}" for end in got.window(1)] == ["17 00", "18 22"]
    assert got.series[0].through == day("2026-09-11")
    assert Asked([], ask("bitcoin", "2026-09-18", "2026-09-18")).requests == []


def test_nulls_odd_rows_and_repeated_times_leave_the_last_good_point() -> None:
    start = ms("2026-09-16T10:00")
    prices = [
        [start + 2, 8.12e-06],
        [start + 1, 5],
        [start + 2, "0.00000813"],
        *([start + 3, odd] for odd in (None, True, "", "x", [], {}, "NaN")),
        *(([None, 1], [start], "x", None, {}, [start, 1, 2])),
    ]
    body = {"prices": [*prices, [ms("2026-09-17T12:00"), 1e-12], [ms("2026-09-17T11:00"), 1]]}
    got = Asked([entry("bitcoin", body)], ask("bitcoin", "2026-09-16", "2026-09-17"))
    assert got.series[0].closes == ((day("2026-09-16"), Decimal("0.00000813")),)
    assert got.series[0].message == "1 closes are too small or too large to keep"


@pytest.mark.parametrize(
    ("sent", "as_kept"),
    [
        ("8.12e-06", "0.00000812"),
        ("0.00000000005", "0.0000000001"),
        ("-0.12345678985", "-0.1234567899"),
        ("0.00000000004", None),
        ("999999999999999999.9999999999", "999999999999999999.9999999999"),
        ("1e18", None),
        ("1E+5", "100000"),
        ("0", "0"),
        ("0e-20", "0"),
    ],
)
def test_a_number_is_kept_to_ten_places_or_not_at_all(sent: str, as_kept: str | None) -> None:
    assert kept(Decimal(sent)) == (None if as_kept is None else Decimal(as_kept))


def test_what_an_answer_leaves_out_at_its_end_is_asked_again_while_more_comes() -> None:
    entries = [entry("bitcoin", chart(d01_12=1, d02_12=2)), entry("bitcoin", chart(d05_12=5))]
    entries.append(entry("bitcoin", {"prices": []}))
    got = Asked(entries, ask("bitcoin", "2026-09-01", "2026-09-17"))
    assert [f"{got.window(number)[0]:%d}" for number in range(3)] == ["01", "03", "06"]
    assert (len(got.requests), len(got.series[0].closes)) == (3, 3)


def test_a_free_plan_gives_a_year_and_says_what_cannot_be_had() -> None:
    body = {"prices": [[ms("2025-09-19T00:00"), 7], [ms("2026-09-18T00:00"), 8]]}
    entries = [entry("bitcoin", TOO_OLD, 401), entry("bitcoin", body), entry("ethereum", body)]
    got = Asked(
        entries,
        ask("bitcoin", "2020-01-01", "2026-09-17"),
        ask("ethereum", "2025-09-18", "2026-09-17"),
        ask("ethereum", "2020-01-01", "2020-12-31"),
    )
    assert [f"{got.window(number)[0]:%Y-%m-%d}" for number in range(3)] == [
        "2020-01-01",
        "2025-09-19",
        "2025-09-19",
    ]
    assert (len(got.requests), got.statuses) == (3, ["ok", "ok", "empty"])
    assert [series.through for series in got.series] == [
        *2 * [day("2026-09-17")],
        day("2020-12-31"),
    ]
    said = "the plan gives no day before 2025-09-19"
    assert [series.message for series in got.series] == [said, None, said]
    again = Asked([entry("bitcoin", TOO_OLD, 401)], ask("bitcoin", "2020-01-01", "2026-09-17"))
    assert (again.statuses, len(again.requests)) == (["failed"], 2)


def test_a_symbol_is_searched_only_where_no_id_is_known() -> None:
    coins = [{"id": "uni-other", "symbol": "UNIX", "market_cap_rank": 1}]
    coins += [
        {"id": name, "symbol": "Zed", "market_cap_rank": rank}
        for name, rank in (("zed-copy", None), ("zed-2", 900), ("zed", 31), ("zed-odd", "x"))
    ]
    body = chart(d16_12=1)
    entries = [entry("search", {"coins": coins}), entry("zed", body), entry("bitcoin", body)]
    entries.append(entry("own-id", body))
    got = Asked(
        entries,
        ask(None, "2026-09-16", "2026-09-16", "ZED"),
        ask(None, "2026-09-16", "2026-09-16", "btc"),
        ask("own-id", "2026-09-16", "2026-09-16", "ETH"),
        ask(None, "2026-09-16", "2026-09-16", "NONE"),
    )
    assert [series.symbol for series in got.series] == ["zed", "bitcoin", "own-id", "NONE"]
    assert got.statuses == ["ok", "ok", "ok", "unknown"]
    assert sum("search" in line for line in got.requests) == 2


def test_of_coins_without_a_rank_only_a_single_one_is_taken() -> None:
    one: list[Any] = [{"id": "a", "symbol": "ZED", "market_cap_rank": None}, None, 5, {"id": "x"}]
    assert found(one, "zed") == "a"
    assert found([*one, {"id": "b", "symbol": "zed"}], "ZED") is None
    assert found([], "ZED") is None


def test_an_id_of_odd_letters_stays_inside_its_path() -> None:
    symbols = ["a/../b?c#d", "..", "é %", "\ud800"]
    got = Asked([], *(ask(name, "2026-09-16", "2026-09-16") for name in symbols))
    assert all(line.startswith("GET /api/v3/") for line in got.requests)
    assert got.requests[0].startswith("GET /api/v3/coins/a%2F..%2Fb%3Fc%23d/market_chart/range?")


def test_lasting_throttling_ends_the_fetch_and_keeps_what_was_given() -> None:
    asks = [ask(coin, "2026-09-16", "2026-09-16") for coin in ("bitcoin", "ethereum", "solana")]
    good = entry("bitcoin", chart(d16_12=1))
    got = Asked([good, entry("ethereum", THROTTLED, 429, retry_after="9")], *asks)
    assert (got.statuses, len(got.requests), got.waits) == (["ok"], 5, [9, 9, 9])
    assert got.error is not None
    assert (got.error.category, got.error.retriable) == ("rate_limit", True)
    assert got.error.retry_after == 9
    got = Asked([good, entry("ethereum", THROTTLED)], *asks)
    assert (got.statuses, len(got.requests), got.waits) == (["ok"], 5, [20, 20, 20])
    got = Asked([good, entry("ethereum", THROTTLED, retry_after="600")], *asks)
    assert (got.statuses, len(got.requests), got.waits) == (["ok"], 2, [])
    got = Asked([good, entry("ethereum", THROTTLED, 429, retry_after="600")], *asks)
    assert (got.statuses, len(got.requests), got.waits) == (["ok"], 2, [])


def test_one_coin_that_the_host_cannot_serve_does_not_stop_the_others() -> None:
    good = {name: entry(name, chart(d16_12=1)) for name in ("ethereum", "solana", "cardano")}
    asks = [ask(coin, "2026-09-16", "2026-09-16") for coin in ("bitcoin", "ethereum", "solana")]
    bad = entry("bitcoin", b"", 500)
    got = Asked([bad, *good.values()], *asks)
    assert (got.statuses, got.error) == (["failed", "ok", "ok"], None)
    assert (len(got.requests), got.series[0].ask) == (4 + 2, asks[0])
    got = Asked([bad, entry("ethereum", b"", 503), good["solana"]], *asks)
    assert (got.statuses, len(got.requests)) == ([], 4 + 1)
    assert got.error is not None
    assert (got.error.category, got.error.retriable) == ("connection", True)
    got = Asked([bad, *good.values()], *reversed(asks))
    assert got.statuses == ["ok", "ok"]
    assert got.error is not None


def test_a_host_that_is_not_there_is_told() -> None:
    with playing([]) as (url, _):
        pass
    asks = [ask(coin, "2026-09-16", "2026-09-16") for coin in ("bitcoin", "ethereum", "solana")]
    with pytest.raises(ProviderSyncError) as raised:
        list(CoinGecko(url).fetch(asks, at=AT, pause=lambda _: None))
    assert (raised.value.category, raised.value.retriable) == ("connection", True)


class Rerouted(httpx.HTTPTransport):
    """Every host is the one on loopback."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = httpx.URL(url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        port = self.url.port
        request.url = request.url.copy_with(scheme="http", host=self.url.host, port=port)
        return super().handle_request(request)


@pytest.mark.parametrize(
    ("base_url", "key", "headers"),
    [
        ("https://api.coingecko.com", None, {}),
        ("https://api.coingecko.com", "", {}),
        ("https://api.coingecko.com/api/v3/", f" {KEY}\n", {"x-cg-demo-api-key": KEY}),
        ("https://pro-api.coingecko.com", KEY, {"x-cg-pro-api-key": KEY}),
        ("https://PRO-API.coingecko.com:443", KEY, {"x-cg-pro-api-key": KEY}),
    ],
)
def test_a_key_goes_into_the_header_of_its_host(
    base_url: str, key: str | None, headers: dict[str, str]
) -> None:
    sent: list[httpx.Request] = []
    with playing([entry("bitcoin", chart(d16_12=1))]) as (url, asked):

        def client() -> httpx.Client:
            made = make_client(Rerouted(url))
            made.event_hooks["request"].append(sent.append)
            return made

        source = CoinGecko(base_url, key, client)
        [series] = source.fetch(
            [ask("bitcoin", "2026-09-16", "2026-09-16")], at=AT, pause=lambda _: None
        )
    assert series.status == "ok"
    told = {name: value for name, value in sent[0].headers.items() if name.startswith("x-cg")}
    assert told == headers
    assert not any(KEY in line for line in [*asked, repr(source)])


def test_a_key_that_the_host_repeats_is_in_no_message(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    said = f"<b>bad\x1b[31m</b> {'x' * 190} {KEY}"
    for status in (400, 403, 500):
        with playing([entry("bitcoin", {"error": said}, status)]) as (url, _):
            given = []
            asks = [ask("bitcoin", "2026-09-16", "2026-09-16")]
            try:
                fetch = CoinGecko(url, KEY).fetch(asks, at=AT, pause=lambda _: None)
                given += [series.message for series in fetch]
            except ProviderSyncError as error:
                given.append(f"{error} {error!r} {error.__cause__} {error.__context__}")
        assert given
        assert "CG-PROBE" not in f"{given} {caplog.text}"
        assert "bad" in f"{given}"
        assert "\x1b" not in "".join(filter(None, given))


@pytest.mark.parametrize("key", ["CG-PROBE\n1", "CG-PROBE-ä", "CG-PROBE\x00"])
def test_a_key_of_odd_letters_is_refused_without_being_told(key: str) -> None:
    source = CoinGecko("http://127.0.0.1:9", key)
    with pytest.raises(ProviderSyncError) as raised:
        list(source.fetch([], at=AT, pause=lambda _: None))
    assert raised.value.category == "auth"
    assert "CG-PROBE" not in f"{raised.value!r} {raised.value.__context__}"


def test_a_base_url_without_encryption_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"coingecko\.base_url"):
        list(CoinGecko("http://api.coingecko.com").fetch([], at=AT, pause=lambda _: None))


WHOLE = json.dumps({"prices": [[ms("2026-09-16T12:00"), 5.25], [ms("2026-09-17T12:00"), "7"]]})
SEARCH = json.dumps({"coins": [{"id": "zed", "symbol": "ZED", "market_cap_rank": 5}]})


@given(mutated(WHOLE))
@settings(max_examples=150, deadline=None)
def test_a_mutated_chart_fails_or_gives_closes_that_can_be_kept(body: bytes) -> None:
    got = Asked([entry("zed", body)], ask("zed", "2026-09-16", "2026-09-17"))
    [series] = got.series
    assert (series.status == "ok") == bool(series.closes)
    assert series.message or series.status in ("ok", "empty")
    assert all(kept(close) == close for _, close in series.closes)


@given(mutated(SEARCH))
@settings(max_examples=150, deadline=None)
def test_a_mutated_search_fails_or_finds_a_coin_that_is_then_asked_for(body: bytes) -> None:
    got = Asked([entry("search", body)], ask(None, "2026-09-16", "2026-09-17", "ZED"))
    if got.error is None:
        assert got.statuses in (["failed"], ["unknown"])
    else:
        assert got.error.category == "connection"
        assert "/api/v3/coins/" in got.requests[1]
