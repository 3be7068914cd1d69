"""SnapTrade over a real HTTP server on loopback: recorded cases and errors, and some by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import FIXTURES, assert_as_expected, cases, error_cases, mutated, playing, recorded

from tenet.errors import ProviderSyncError
from tenet.http import Answer, make_client
from tenet.providers.result import ProviderSyncResult
from tenet.providers.snaptrade import Payload, SnapTrade, signature

if TYPE_CHECKING:
    from pathlib import Path

    from tape import Json

    from tenet.providers.provider import Provider

AT = datetime(2026, 9, 18, 22, tzinfo=UTC)
KEY, SECRET = "consumer-key-probe", "user-secret-probe"


def entry(path: str, body: Any, status: int = 200) -> Json:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = {"status": status, "content": content}
    return {"request": {"method": "GET", "path": path}, "response": response}


def exchange(
    *positions: Json, cash: Any = "41.00", total: Any = "100.00", **about: Any
) -> list[Json]:
    """One account of one connection. about: other fields of the account."""
    account = {
        "id": "A1",
        "brokerage_authorization": "C1",
        "name": "Main",
        "balance": {"total": {"amount": total, "currency": "USD"}},
        "sync_status": {"holdings": {"last_successful_sync": "2026-09-18 20:00:00+00:00"}},
    }
    return [
        entry("/authorizations", [{"id": "C1", "brokerage": {"name": "Example"}}]),
        entry("/accounts", [account | about]),
        entry("/accounts/A1/positions/all", {"results": positions}),
        entry("/accounts/A1/balances", [{"currency": {"code": "USD"}, "cash": cash}]),
        entry("/accounts/A1/activities", {"data": [], "pagination": {"total": 0}}),
    ]


def position(symbol: str | None, units: Any, price: Any, kind: str = "stock", **more: Any) -> Json:
    about = {"kind": kind, "id": f"the id of {symbol}", "symbol": symbol, "currency": "USD"}
    return {"instrument": about, "units": units, "price": price} | more


def asked_of(entries: list[Json]) -> tuple[ProviderSyncResult, list[str], list[float]]:
    """The result, what was asked, and how long it waited."""
    waits: list[float] = []
    with playing(entries) as (url, asked), make_client() as client:
        snaptrade: Provider = SnapTrade("EXAMPLE-CLIENT", KEY, "tenet-user", SECRET, url)
        result = snaptrade.parse(snaptrade.fetch(client, at=AT, pause=waits.append))
    return result, asked, waits


def synced(entries: list[Json]) -> ProviderSyncResult:
    return asked_of(entries)[0]


@pytest.mark.parametrize("folder", cases("snaptrade"))
def test_a_recorded_exchange_lands_as_expected(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    assert_as_expected(synced(recorded(folder)), expected)


@pytest.mark.parametrize("case", error_cases("snaptrade"))
def test_a_recorded_error_keeps_its_class_and_no_secret(case: Json) -> None:
    entries = [*exchange(position("VTI", "1", "59")), entry("/accounts/A1/holdings", {})]
    if case["on"] == "holdings":
        entries[2] = entry("/accounts/A1/positions/all", b"", 404)
    for one in entries:
        if case["on"] == "any" or f"/{case['on']}" in one["request"]["path"]:
            one["response"] = case | {"content": case["body"].encode()}
    try:
        (error,) = synced(entries).errors
    except ProviderSyncError as raised:
        error = raised
    expect = case["expect"]
    assert (error.category, error.retriable) == (expect["category"], expect["retriable"])
    assert (error.code, error.retry_after) == (expect["code"], expect["retry_after_s"])
    assert (expect["message_contains"] or "") in str(error).lower()
    if case["on"] != "any":
        assert (error.institution, error.account_external_id) == ("Example", "A1")
    for probe in (KEY, SECRET, *expect.get("secret_probes", [])):
        assert probe not in f"{error} {error!r} {error.__cause__} {error.__context__}"


def test_the_signature_equals_the_recorded_vectors() -> None:
    path = FIXTURES / "snaptrade" / "signature_vectors.json"
    if not path.exists():
        pytest.skip("the provider fixtures lie outside the project and are not here")
    for vector in json.loads(path.read_text()):
        parts = (vector["consumer_key"], vector["path"], vector["query"], vector["content"])
        assert signature(*parts) == vector["signature"], vector["name"]


def test_each_request_is_signed_as_it_is_sent() -> None:
    _, asked, _ = asked_of(exchange())
    assert asked[0] == (
        "GET /authorizations?clientId=EXAMPLE-CLIENT&timestamp=1789768800"
        f"&userId=tenet-user&userSecret={SECRET}"
    )
    assert asked[-1].startswith("GET /accounts/A1/activities?offset=0&limit=1000&clientId=")


def test_a_personal_key_sends_no_user() -> None:
    with playing(exchange()) as (url, asked), make_client() as client:
        SnapTrade("PERSONAL", KEY, base_url=url).fetch(client, at=AT, pause=lambda _: None)
    assert not any("user" in line for line in asked)


def test_a_refusal_is_asked_again_after_the_seconds_that_it_names() -> None:
    entries = exchange()
    text = b'{"default_detail": "Request was throttled. Expected available in 31 seconds."}'
    entries.insert(0, entry("/authorizations", text, 429))
    result, _, waits = asked_of(entries)
    assert result.outcome == "ok"
    assert 31 in waits


def test_no_secret_shows_in_the_provider_itself() -> None:
    snaptrade = SnapTrade("EXAMPLE-CLIENT", KEY, "tenet-user", SECRET)
    assert KEY not in repr(snaptrade)
    assert SECRET not in repr(snaptrade)


def test_a_disabled_connection_lands_its_old_date_and_an_error() -> None:
    entries = exchange(position("VTI", "1", "59"))
    link = {"id": "C1", "disabled": True, "disabled_date": "2026-08-01T00:00:00Z"}
    entries[0] = entry("/authorizations", [link | {"brokerage": {"name": "Example"}}])
    result = synced(entries)
    (error,), (account,) = result.errors, result.accounts
    assert (error.category, error.retriable, error.institution) == ("auth", False, "Example")
    assert error.account_external_id is None
    assert "2026-08-01" in str(error)
    assert account.balance_date == datetime(2026, 9, 18, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("total", "sent", "kept"),
    [
        ("1500", "1500", ["500"]),
        ("2500", "1500", ["1500"]),
        (None, "1500", ["1500"]),
        ("1000", "1000", []),
    ],
)
def test_equivalents_leave_the_cash_only_where_the_total_says_so(
    total: str | None, sent: str, kept: list[str]
) -> None:
    fund = position("VMFXX", "1000", "1.00", "mutualfund", cash_equivalent=True)
    lines = synced(exchange(fund, cash=sent, total=total)).holdings
    assert [line.quantity for line in lines if line.asset_type == "cash"] == [
        Decimal(amount) for amount in kept
    ]


@pytest.mark.parametrize(
    ("total", "multiplier"), [("9856.2", "0.01"), ("985620", "1"), (None, "0.01")]
)
def test_the_total_decides_whether_bonds_are_in_percent(total: str | None, multiplier: str) -> None:
    bond = position("91282CXX9", "10000", "98.562", "bond", cost_basis="99.1")
    (line,) = synced(exchange(bond, cash="0", total=total)).holdings
    assert line.multiplier == Decimal(multiplier)
    assert line.cost_basis == 10000 * Decimal("99.1") * Decimal(multiplier)
    assert ("percent_of_par" in line.flags) == (multiplier == "0.01")


def test_what_is_unknown_stays_unknown_and_is_told() -> None:
    lines = [
        position("VTI", "1", None, currency=None),
        position(None, "2", "3.50"),
        position("OLD", "0", "1"),
        position("NIL", None, "1"),
        position("BAD", "one", "1"),
        {"units": "1"},
    ]
    result = synced(exchange(*lines, cash=None))
    unpriced, unnamed = result.holdings
    assert (unpriced.price, unpriced.market_value, unpriced.currency) == (None, None, "USD")
    assert unnamed.symbol.startswith("_ST:")
    assert [error.code for error in result.errors] == ["malformed_row"] * 2
    assert "BAD" in str(result.errors[0])
    assert {(warning.code, warning.symbol) for warning in result.warnings} == {
        ("dropped_row", "OLD"),
        ("dropped_row", "NIL"),
        ("missing_cash", None),
        ("missing_price", "VTI"),
    }


def test_an_account_whose_cash_or_positions_failed_does_not_land_as_empty() -> None:
    for index, status in ((2, 402), (3, 500)):
        entries = exchange(position("VTI", "1", "59"))
        entries[index] = entry(entries[index]["request"]["path"], {"code": "3003"}, status)
        result = synced(entries)
        assert (result.accounts, result.holdings) == ((), ())
        assert [error.account_external_id for error in result.errors] == ["A1"]


def test_an_account_that_is_not_ready_does_not_land() -> None:
    result = synced(exchange(sync_status={"holdings": {"initial_sync_completed": False}}))
    assert (result.accounts, result.holdings, result.errors) == ((), (), ())
    assert [warning.code for warning in result.warnings] == ["not_ready"]


def test_failed_activities_lose_no_holding() -> None:
    entries = exchange(position("VTI", "1", "59"))
    entries[-1] = entry("/accounts/A1/activities", b"<html>", 200)
    result = synced(entries)
    assert [line.symbol for line in result.holdings] == ["VTI", "_CASH:USD"]
    assert [(error.code, error.account_external_id) for error in result.errors] == [
        ("malformed", "A1")
    ]


def test_activities_have_the_sign_and_type_that_they_mean() -> None:
    def row(name: str, kind: str, units: Any, amount: Any) -> Json:
        symbol, money = {"symbol": "VTI"}, {"code": "USD"}
        about = {"id": name, "type": kind, "symbol": symbol, "currency": money, "fee": -1.5}
        return about | {"units": units, "amount": amount, "settlement_date": "2026-09-02"}

    rows = [
        row("1", "SELL", 3, 900.5),
        row("2", "TRANSFER", 0, -20),
        row("3", "Brand new", None, None),
        row("3", "Brand new", None, None),
    ]
    entries = exchange()
    page = {"data": rows, "pagination": {"total": 4}}
    entries[-1] = entry("/accounts/A1/activities", page)
    result = synced(entries)
    assert [(one.type, one.quantity, one.amount) for one in result.activities] == [
        ("sell", Decimal(-3), Decimal("900.5")),
        ("transfer_out", None, Decimal(-20)),
        ("other", None, None),
    ]
    assert {(str(one.activity_date), one.fee) for one in result.activities} == {
        ("2026-09-02", Decimal("1.5"))
    }
    assert [warning.code for warning in result.warnings] == [
        "balance_mismatch",
        "unknown_activity_type",
    ]


def test_a_future_adds_its_gain_and_not_its_notional() -> None:
    future = position("ESZ6", "1", "6600.25", "future")
    future["instrument"]["multiplier"] = "50"
    (line, _) = synced(exchange(future)).holdings
    assert line.market_value == 0
    assert line.extra == {"notional": Decimal("330012.50")}


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_answer_gives_a_result_or_an_error_of_data(data: st.DataObject) -> None:
    answers = data.draw(st.sampled_from([newer_answers(), older_answers()]))
    path = data.draw(st.sampled_from(sorted(answers)))
    bodies = {name: json.dumps(body).encode() for name, body in answers.items()}
    bodies[path] = data.draw(mutated(json.dumps(answers[path])))
    payload: Payload = {name: Answer(200, body) for name, body in bodies.items()}
    try:
        result = SnapTrade("c", KEY).parse(payload)
    except ProviderSyncError as error:
        result = ProviderSyncResult(errors=(error,))
    assert {error.category for error in result.errors} <= {"data", "auth"}
    for line in result.holdings:
        assert line.market_value != 0 or line.price == 0 or line.asset_type == "future"


def newer_answers() -> dict[str, Any]:
    bond = position("T", "100", "98", "bond", cost_basis="99")
    option = position("VTI  261218C00240000", "-1", "3.4", "option")
    fund = position("VMFXX", "5", "1", "mutualfund", cash_equivalent=True)
    trade = {"id": "T1", "type": "BUY", "units": 1, "trade_date": "2026-09-10T14:31:02Z"}
    answers = {
        one["request"]["path"]: json.loads(one["response"]["content"])
        for one in exchange(bond, option, fund, cash=-41.0)
    }
    del answers["/accounts/A1/activities"]
    return answers | {"/accounts/A1/activities?0": {"data": [trade]}}


def older_answers() -> dict[str, Any]:
    stock = {"symbol": {"symbol": {"symbol": "VTI", "type": {"code": "et"}}, "description": "V"}}
    call = {"symbol": {"option_symbol": {"ticker": "VTI  261218C00240000"}}, "units": 1.0}
    money = {"units": 2.0, "price": 12.0, "average_purchase_price": 1120.0}
    listed = {"id": "A1", "connection_id": "C1", "net_value": {"amount": 9.5, "currency": "USD"}}
    debt = listed | {"id": "A2", "kind": "line_of_credit"}
    return {
        "/authorizations": [{"id": "C1", "disabled": True, "disabled_date": "2026-09-10"}],
        "/accounts/all": {"results": [listed, debt]},
        "/accounts/A1/holdings": {
            "positions": [stock | money],
            "option_positions": [money | call],
            "balances": [{"currency": {"code": "USD"}, "cash": 41.0}],
        },
    }
