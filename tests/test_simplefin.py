"""SimpleFIN over a real HTTP server on loopback: recorded cases and errors, and some by hand."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import assert_as_expected, assert_errors, cases, error_cases, mutated, playing, recorded

from tenet.errors import ConfigError, ProviderSyncError
from tenet.http import Answer, make_client
from tenet.providers.result import ProviderSyncResult
from tenet.providers.simplefin import Asked, SimpleFin, claim
from tenet.sent import number

if TYPE_CHECKING:
    from pathlib import Path

    from tape import Json

    from tenet.providers.provider import Provider

AT = datetime(2026, 9, 18, 22, tzinfo=UTC)
NOON = 1789732800
LOGIN = "demo-user:demo%2Bpass"
PROBES = ("demo-user", "demo-pass", "demo+pass", "demo%2Bpass")


def answering(body: Any, status: int = 200, **headers: str) -> Json:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = {"status": status, "content": content, "headers": headers}
    return {"request": {"method": "GET", "path": "/simplefin/accounts"}, "response": response}


def synced(entries: list[Json], **options: Any) -> ProviderSyncResult:
    with playing(entries) as (url, _), make_client() as client:
        access_url = url.replace("://", f"://{LOGIN}@") + "/simplefin"
        simplefin: Provider = SimpleFin(access_url, **options)
        return simplefin.parse(simplefin.fetch(client, at=AT, pause=lambda _: None))


def account(*holdings: Json, **about: Any) -> Json:
    usual = {"id": "ACT-1", "name": "Main", "currency": "USD", "org": {"name": "Example"}}
    return usual | {"balance": "100.00", "balance-date": NOON, "holdings": holdings} | about


def holding(symbol: str, shares: Any, value: Any, **about: Any) -> Json:
    usual = {"id": f"HOL-{symbol}", "currency": "", "cost_basis": "0.00", "description": "A thing"}
    usual |= {"purchase_price": "0.00", "symbol": symbol, "shares": shares, "market_value": value}
    return usual | about


def of(*accounts: Json, **more: Any) -> ProviderSyncResult:
    """What the parser makes of these accounts."""
    body = json.dumps({"errors": [], "accounts": accounts} | more).encode()
    return SimpleFin(f"https://{LOGIN}@bridge.example").parse(Asked(AT, (Answer(200, body),)))


@pytest.mark.parametrize("folder", cases("simplefin"))
def test_a_recorded_exchange_lands_as_expected(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    config = expected.get("config", {})
    options = {name: value for name, value in config.items() if name != "query_version"}
    entries = recorded(folder)
    if "claim" in expected:
        check_claim(entries, expected)
        return
    for each in expected.get("each_answer", []):
        body = (folder / each["body_file"]).read_bytes()
        result = failing([answering(body)])
        assert (result.outcome, result.accounts, result.holdings) == (each["outcome"], (), ())
        assert_errors(result, each["errors"])
    if "first_call" in expected:
        result = synced([answering((folder / "accounts_none.json").read_bytes())])
        assert (result.outcome, result.accounts) == (expected["first_call"]["outcome"], ())
        codes = [warning["code"] for warning in expected["first_call"]["warnings"]]
        assert [warning.code for warning in result.warnings] == codes
    assert_as_expected(failing(entries, **options), expected)


def failing(entries: list[Json], **options: Any) -> ProviderSyncResult:
    """The result of a sync, an error that ends it included."""
    try:
        return synced(entries, **options)
    except ProviderSyncError as error:
        return ProviderSyncResult(errors=(error,))


def check_claim(entries: list[Json], expected: Json) -> None:
    access, path = expected["claim"]["access"], urlsplit(expected["claim"]["claim_url"]).path
    recorded_url = base64.b64decode(expected["claim"]["setup_token"]).decode()
    assert recorded_url == expected["claim"]["claim_url"]
    with playing(entries) as (url, asked), make_client() as client:
        token = base64.b64encode(f"{url}{path}".encode()).decode()
        access_url = claim(f" {token}\n", client)
        parts = urlsplit(access_url)
        assert f"{parts.scheme}://{parts.hostname}{parts.path}" == access["base_url"]
        assert {access["username"], access["password"]} <= set(SimpleFin(access_url).secrets)
        with pytest.raises(ProviderSyncError, match="compromised") as raised:
            claim(token, client)
        assert (raised.value.category, raised.value.retriable) == ("auth", False)
        assert asked == [f"POST {path}"] * 2
        for refused in expected["refuse"]:
            with pytest.raises(ConfigError):
                claim(refused["setup_token"], client)


@pytest.mark.parametrize("case", error_cases("simplefin"))
def test_a_recorded_error_keeps_its_class_and_no_secret(case: Json) -> None:
    entry = answering(case["body"].encode(), case["status"], **case["headers"])
    with pytest.raises(ProviderSyncError) as raised:
        synced([entry])
    error, expect = raised.value, case["expect"]
    assert (error.category, error.retriable) == (expect["category"], expect["retriable"])
    assert (error.code, error.retry_after) == (expect["code"], expect["retry_after_s"])
    assert (expect["message_contains"] or "") in str(error)
    for probe in (*PROBES, *expect.get("secret_probes", [])):
        assert probe not in f"{error} {error!r} {error.__cause__} {error.__context__}"


@pytest.mark.parametrize(
    "token",
    ["aHR0cDovL2JyaWRnZS5leGFtcGxlL2NsYWlt", "@@not base64@@", "ZmlsZTovLy9ldGMvcGFzc3dk", "//79"],
)
def test_what_is_no_setup_token_is_refused_unasked(token: str) -> None:
    with make_client() as client, pytest.raises(ConfigError):
        claim(token, client)


@pytest.mark.parametrize(
    "text", ["", "Forbidden", "http://u:p@bridge.example", "https://bridge.example"]
)
def test_a_claim_that_gives_no_access_url_is_malformed(text: str) -> None:
    entry = answering(text.encode())
    entry["request"] = {"method": "POST", "path": "/claim/1"}
    with playing([entry]) as (url, _), make_client() as client:
        token = base64.b64encode(f"{url}/claim/1".encode()).decode()
        with pytest.raises(ProviderSyncError) as raised:
            claim(token, client)
    assert raised.value.code == "malformed"


def test_a_user_logs_in_by_header_and_stands_in_no_url() -> None:
    seen: list[str] = []

    def answered(request: httpx.Request) -> httpx.Response:
        seen.extend([str(request.url), request.headers["authorization"]])
        return httpx.Response(200, json={"accounts": []})

    with make_client(httpx.MockTransport(answered)) as client:
        simplefin = SimpleFin(f"https://{LOGIN}@bridge.example/simplefin")
        simplefin.fetch(client, at=AT, pause=lambda _: None)
    url, login = seen
    assert url == "https://bridge.example/simplefin/accounts?version=2"
    assert base64.b64decode(login.removeprefix("Basic ")) == b"demo-user:demo+pass"
    assert not any(probe in repr(simplefin) for probe in PROBES)


@pytest.mark.parametrize(
    ("days", "calls"), [(0, 1), (89, 1), (90, 2), (173, 2), (174, 3), (36500, 20)]
)
def test_a_window_has_at_most_89_days_and_overlaps_by_five(days: int, calls: int) -> None:
    entries = [answering({"accounts": [account()]})]
    with playing(entries) as (url, asked), make_client() as client:
        simplefin = SimpleFin(f"{url}/simplefin", history_days=days)
        simplefin.fetch(client, at=AT, pause=lambda _: None)
    windows = [parse_qs(urlsplit(line).query) for line in asked]
    assert len(windows) == calls
    ends = [int(window.get("end-date", [str(int(AT.timestamp()))])[0]) for window in windows]
    starts = [int(window["start-date"][0]) for window in windows if "start-date" in window]
    assert all(end - start <= 89 * 86400 for start, end in zip(starts, ends, strict=False))
    assert [end - start for start, end in zip(starts, ends[1:], strict=False)] == [5 * 86400] * (
        calls - 1
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_nothing_is_asked_twice(status: int) -> None:
    with playing([answering(b"", status)]) as (url, asked), make_client() as client:
        with pytest.raises(ProviderSyncError):
            SimpleFin(f"{url}/simplefin").fetch(client, at=AT, pause=lambda _: None)
        assert len(asked) == 1


def test_an_older_window_that_fails_loses_no_account() -> None:
    newest = answering({"accounts": [account()]})
    result = synced([newest, answering(b"", 429)], history_days=200)
    assert [row.external_id for row in result.accounts] == ["ACT-1"]
    assert [error.category for error in result.errors] == ["rate_limit"]


def test_cash_is_what_the_balance_holds_beyond_the_holdings() -> None:
    held = [holding("VTI", "2", "600.00"), holding("$", "50", "50.00"), holding("CASH", "1", "1")]
    lines = of(account(*held, balance="850.00")).holdings
    assert [(line.symbol, line.quantity, line.flags) for line in lines] == [
        ("VTI", Decimal(2), ()),
        ("_CASH:USD", Decimal(250), ("residual",)),
    ]


def test_holdings_worth_more_than_the_balance_are_on_margin() -> None:
    (_, cash) = of(account(holding("VTI", "2", "600.00"), balance="500.00")).holdings
    assert (cash.quantity, cash.flags) == (Decimal(-100), ("residual", "margin_loan"))


@pytest.mark.parametrize("about", [{"market_value": None}, {"currency": "EUR"}])
def test_cash_is_unknown_where_a_holding_cannot_be_taken_off(about: Json) -> None:
    result = of(account(holding("VTI", "2", "60.00", **about)))
    assert [line.symbol for line in result.holdings] == ["VTI"]
    assert "missing_cash" in [warning.code for warning in result.warnings]


def test_a_short_holding_has_a_price_and_is_owed() -> None:
    (line, _) = of(account(holding("TSLA", "-10", "3500.00"))).holdings
    assert (line.price, line.market_value, line.flags) == (350, -3500, ("short",))


def test_a_value_without_shares_is_one_unit_under_an_id_of_its_own() -> None:
    (line,) = of(account(holding("VTI", "0", "100.00"))).holdings
    assert line.symbol.startswith("_SF:")
    assert (line.quantity, line.price, line.flags) == (1, 100, ("value_only",))


@pytest.mark.parametrize(
    ("cost", "paid", "unit_cost", "total"),
    [
        ("1984.40", "0.00", "198.44", "1984.40"),
        ("198.44", "0.00", "198.44", "1984.40"),
        ("20.00", "2.00", "2", "20.00"),
        ("2.00", "2.00", "2.00", "20.00"),
        ("0.00", "2.00", "2.00", "20.00"),
        ("0.00", "0.00", None, None),
    ],
)
def test_a_cost_is_read_as_what_it_must_be(
    cost: str, paid: str, unit_cost: str | None, total: str | None
) -> None:
    row = holding("AAPL", "10", "2301.00", cost_basis=cost, purchase_price=paid)
    line = of(account(row, balance="2301.00")).holdings[0]
    assert line.unit_cost == (unit_cost and Decimal(unit_cost))
    assert line.cost_basis == (total and Decimal(total))


def test_a_date_that_cannot_be_is_unknown_and_told() -> None:
    for date in (9223372036854775807, NOON + 10**9, -5, "soon"):
        result = of(account(**{"balance-date": date}))
        assert result.accounts[0].balance_date is None
        assert [warning.code for warning in result.warnings] == ["bad_timestamp"]
    assert of(account(**{"balance-date": 0})).warnings == ()


def test_an_unknown_balance_does_not_land_as_zero() -> None:
    for balance, code in ((None, "missing_balances"), ("N/A", "malformed")):
        result = of(account(balance=balance), account(id="ACT-2"))
        assert [row.external_id for row in result.accounts] == ["ACT-2"]
        assert [(error.code, error.account_external_id) for error in result.errors] == [
            (code, "ACT-1")
        ]


@pytest.mark.parametrize(
    ("text", "category", "institution"),
    [
        ("Connection to First Example Bank may need attention", "auth", "First Example Bank"),
        ("Too many requests today", "rate_limit", None),
        ("Something else", "unknown", None),
    ],
)
def test_the_texts_of_version_1_tell_what_is_wrong(
    text: str, category: str, institution: str | None
) -> None:
    result = of(account(), errors=[text])
    (error,) = result.errors
    assert (error.category, error.institution, result.outcome) == (category, institution, "partial")


@pytest.mark.parametrize(
    ("code", "category", "retriable"),
    [
        ("gen.auth", "auth", False),
        ("gen.api", "data", False),
        ("con.auth", "auth", False),
        ("con.new", "connection", True),
        ("act.new", "data", True),
        ("moon.phase", "unknown", True),
    ],
)
def test_an_unknown_code_counts_as_its_kind(code: str, category: str, retriable: bool) -> None:
    (error,) = of(errlist=[{"code": code, "msg": "Odd"}]).errors
    assert (error.category, error.retriable, error.code) == (category, retriable, code)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_answer_gives_a_result_or_an_error_of_data(data: st.DataObject) -> None:
    trade = {"id": "TRN-1", "posted": NOON, "amount": "-45.10", "transacted_at": NOON - 60}
    held = holding("VTI", "2", "60.00", cost_basis="50.00")
    one = account(held, transactions=[trade], conn_id="CON-1")
    link = {"conn_id": "CON-1", "org_name": "Example"}
    told = {"code": "gen.", "msg": "Odd", "conn_id": "CON-1"}
    body = {"errlist": [told], "connections": [link], "accounts": [one]}
    text = data.draw(mutated(json.dumps(body)))
    try:
        result = SimpleFin(f"https://{LOGIN}@bridge.example").parse(Asked(AT, (Answer(200, text),)))
    except ProviderSyncError as error:
        result = ProviderSyncResult(errors=(error,))
    mutable = {error.category for error in result.errors if error.code != "gen."}
    assert mutable <= {"data", "unknown"}
    for line in result.holdings:
        assert line.market_value != 0 or number(line.raw["market_value"]) == 0
