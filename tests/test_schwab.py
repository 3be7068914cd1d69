"""Schwab over a real HTTP server on loopback: recorded cases, errors, the log-in, some by hand."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import assert_as_expected, assert_errors, cases, error_cases, playing, recorded

from tenet.errors import ProviderSyncError
from tenet.http import Line, make_client
from tenet.providers.result import ProviderSyncResult
from tenet.providers.schwab import Payload, Schwab
from tenet.providers.schwab.token import (
    App,
    access_token,
    authorize_url,
    days_left,
    exchange_code,
)

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from tape import Json

    from tenet.providers.provider import Provider

AT = datetime(2026, 9, 18, 22, tzinfo=UTC)
LOGIN = datetime(2026, 9, 12, 22, tzinfo=UTC)
PROBES = ("ACCESS-PROBE-1", "REFRESH-PROBE-1", "APP-SECRET-PROBE")
HASH = "0A1B2C"
CALLBACK = "https://127.0.0.1:8182"


def entry(path: str, body: Any, status: int = 200, method: str = "GET") -> Json:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {
        "request": {"method": method, "path": path},
        "response": {"status": status, "content": content},
    }


def position(symbol: str | None, units: float, value: float | None, **more: Any) -> Json:
    """more: assetType and type of the instrument; other names are fields of the position."""
    about = {name: more.pop(name) for name in ("assetType", "type", "cusip") if name in more}
    instrument = {"symbol": symbol, "assetType": "EQUITY"} | about
    units = {"longQuantity": max(units, 0), "shortQuantity": max(-units, 0)}
    return {"instrument": instrument, "marketValue": value, **units, **more}


def exchange(
    *positions: Json, balances: Json | None, transactions: Any = (), number: str = "12345678"
) -> list[Json]:
    """One account of a log-in."""
    account = {"accountNumber": number, "type": "CASH", "currentBalances": balances}
    account |= {"positions": list(positions)} if positions else {}
    return [
        entry("/trader/v1/accounts/accountNumbers", [{"accountNumber": number, "hashValue": HASH}]),
        entry("/trader/v1/userPreference", {"accounts": []}),
        entry("/trader/v1/accounts", [{"securitiesAccount": account}]),
        entry(f"/trader/v1/accounts/{HASH}/transactions", list(transactions)),
        entry(
            "/v1/oauth/token", {"access_token": "ACCESS-PROBE-2", "expires_in": 1800}, 200, "POST"
        ),
    ]


def with_transactions(entries: list[Json]) -> list[Json]:
    """The exchange with an empty list of transactions for each account that records none."""
    asked = "/trader/v1/accounts/accountNumbers"
    bodies = [e["response"]["content"] for e in entries if e["request"]["path"] == asked]
    paths = {f"/trader/v1/accounts/{r['hashValue']}/transactions" for r in json.loads(bodies[0])}
    paths -= {e["request"]["path"] for e in entries}
    return [*entries, *(entry(path, []) for path in sorted(paths))]


def token_file(folder: Path, *, created: datetime = AT, expires: datetime | None = None) -> Path:
    path = folder / "token.json"
    token = {"access_token": PROBES[0], "refresh_token": PROBES[1], "expires_in": 1800}
    token["expires_at"] = int((expires or AT + timedelta(minutes=20)).timestamp())
    path.write_text(json.dumps({"creation_timestamp": int(created.timestamp()), "token": token}))
    return path


def provider(folder: Path, url: str = "http://127.0.0.1:9", **times: datetime) -> Schwab:
    return Schwab("APP-KEY-PROBE", PROBES[2], token_file(folder, **times), url)


def synced(entries: list[Json], folder: Path, **times: datetime) -> ProviderSyncResult:
    """The result over HTTP, with what `fetch` or `parse` raise among the errors."""
    with playing(entries) as (url, _), make_client() as client:
        schwab: Provider = provider(folder, url, **times)
        try:
            return schwab.parse(schwab.fetch(client, at=AT, pause=lambda _: None))
        except ProviderSyncError as error:
            return ProviderSyncResult(errors=(error,))


def is_log_in(case: Any) -> bool:
    folder = case.values[0]
    return folder is not None and "timeline" in json.loads((folder / "expected.json").read_text())


@pytest.mark.parametrize("folder", [case for case in cases("schwab") if not is_log_in(case)])
def test_a_recorded_exchange_lands_as_expected(folder: Path, tmp_path: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    entries = with_transactions(recorded(folder))
    result = synced(entries, tmp_path)
    assert_as_expected(result, expected)
    landed = f"{result}"
    for row in json.loads(entries[0]["response"]["content"]):
        assert row["accountNumber"] not in landed
    for each in expected.get("each_answer", []):
        entries[2]["response"]["content"] = (folder / each["body_file"]).read_bytes()
        result = synced(entries, tmp_path)
        assert result.outcome == each["outcome"]
        assert_errors(result, each["errors"])


@pytest.mark.parametrize("folder", [case for case in cases("schwab") if is_log_in(case)])
def test_a_recorded_log_in_lives_for_seven_days(folder: Path, tmp_path: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    app = App("APP-KEY-PROBE", PROBES[2], tmp_path / "token.json")
    sent: list[httpx.Request] = []
    with playing(recorded(folder)) as (url, asked), make_client() as client:
        client.event_hooks = {"request": [sent.append]}
        line = Line(client, url, pause=lambda _: None)
        exchange_code(
            line, app, redirect_uri=CALLBACK, answer=f"{CALLBACK}/?code=C0.x%40", at=LOGIN
        )
        stored = json.loads(app.token_file.read_text())
        assert stored == json.loads((folder / "token_file.json").read_text())
        use, refresh, late, over = (datetime.fromisoformat(t["now"]) for t in expected["timeline"])
        assert access_token(line, app, use) == "ACCESS-PROBE-1"
        assert len(asked) == 1
        assert access_token(line, app, refresh) == "ACCESS-PROBE-2"
        assert json.loads(app.token_file.read_text())["creation_timestamp"] == LOGIN.timestamp()
        assert days_left(app.token_file, late) == 1.0
        with pytest.raises(ProviderSyncError) as refused:
            access_token(line, app, late)
        assert len(asked) == 3
        assert (refused.value.category, refused.value.code) == ("auth", "unsupported_token_type")
        with pytest.raises(ProviderSyncError) as ended:
            access_token(line, app, over)
    assert len(asked) == 3
    assert days_left(app.token_file, over) == 0.0
    assert_errors(ProviderSyncResult(errors=(ended.value,)), expected["errors"])
    forms = expected["request_form"]
    assert dict(parse_qsl(sent[0].content.decode())) == forms["code"] | {"code": "C0.x@"}
    assert dict(parse_qsl(sent[1].content.decode())) == forms["refresh"]
    basic = b64encode(b"APP-KEY-PROBE:APP-SECRET-PROBE").decode()
    assert sent[1].headers["authorization"] == f"Basic {basic}"
    assert sent[1].headers["content-type"] == forms["headers"]["Content-Type"]


@pytest.mark.parametrize("case", error_cases("schwab"))
def test_a_recorded_error_keeps_its_class_and_no_secret(case: Json, tmp_path: Path) -> None:
    entries = exchange(balances={"cashBalance": 5.0, "liquidationValue": 5.0})
    for one in entries:
        if case["on"] == "any" or one["request"]["path"].endswith(f"/{case['on']}"):
            one["response"] = case | {"content": case["body"].encode()}
    times = {"expires": AT} if case["on"] == "token" else {}
    result = synced(entries, tmp_path, **times)
    (error,) = result.errors
    expect = case["expect"]
    assert (error.category, error.retriable) == (expect["category"], expect["retriable"])
    assert (error.code, error.retry_after) == (expect["code"], expect["retry_after_s"])
    assert (expect["message_contains"] or "") in str(error).lower()
    if case["on"] == "transactions":
        assert error.account_external_id == HASH
        assert [line.quantity for line in result.holdings] == [5]
    for probe in (*PROBES, "APP-KEY-PROBE"):
        assert probe not in f"{error} {error!r} {error.__cause__} {error.__context__}"


def test_the_token_file_is_private_and_a_refresh_keeps_the_day_of_the_log_in(
    tmp_path: Path,
) -> None:
    entries = exchange(balances={"cashBalance": 5.0, "liquidationValue": 5.0})
    entries[0:0] = [entry("/trader/v1/accounts/accountNumbers", b"", 401)]
    result = synced(entries, tmp_path, created=LOGIN)
    stored = json.loads((tmp_path / "token.json").read_text())
    assert result.outcome == "ok"
    assert stored["creation_timestamp"] == LOGIN.timestamp()
    assert stored["token"]["access_token"] == "ACCESS-PROBE-2"
    assert stored["token"]["refresh_token"] == "REFRESH-PROBE-1"
    assert (tmp_path / "token.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token.json"]
    assert [(w.code, w.detail["days_left"]) for w in result.warnings] == [("log_in_again", 1)]


def test_without_a_log_in_nothing_is_asked(tmp_path: Path) -> None:
    schwab = Schwab("APP-KEY-PROBE", PROBES[2], tmp_path / "token.json")
    with make_client() as client, pytest.raises(ProviderSyncError, match="no log-in") as raised:
        schwab.fetch(client, at=AT, pause=lambda _: None)
    assert raised.value.category == "auth"
    assert days_left(tmp_path / "token.json", AT) is None
    (tmp_path / "token.json").write_text('{"token": 1}')
    assert days_left(tmp_path / "token.json", AT) is None
    assert PROBES[2] not in repr(schwab)


def test_the_log_in_page_is_told_who_asks_and_where_to_come_back() -> None:
    assert authorize_url("KEY", CALLBACK, "https://api.schwabapi.com") == (
        "https://api.schwabapi.com/v1/oauth/authorize"
        "?client_id=KEY&redirect_uri=https%3A%2F%2F127.0.0.1%3A8182"
    )


@pytest.mark.parametrize(
    ("balances", "cash", "flags"),
    [
        # VTI is worth 300; the sweep position 40.
        ({"cashBalance": 40.0, "liquidationValue": 340.0}, 40, ("sweep_position_merged",)),
        ({"cashBalance": 40.0, "liquidationValue": 380.0}, 40, ()),
        ({"cashBalance": 0.0, "liquidationValue": 340.0}, None, ()),
        ({"cashBalance": 40.0, "liquidationValue": 341.5}, 41.5, ("residual",)),
        ({"cashBalance": 40.0}, 40, ("sweep_position_merged",)),
        ({"cashBalance": 0.0}, None, ()),
        ({"marginBalance": -60.0, "liquidationValue": 240.0}, -60, ("margin_loan",)),
    ],
)
def test_the_total_decides_what_is_cash(
    balances: Json, cash: float | None, flags: tuple[str, ...], tmp_path: Path
) -> None:
    sweep = position("MMDA1", 40, 40, assetType="CASH_EQUIVALENT", type="SWEEP_VEHICLE")
    result = synced(exchange(position("VTI", 1, 300), sweep, balances=balances), tmp_path)
    lines = [line for line in result.holdings if line.symbol == "_CASH:USD"]
    assert [line.quantity for line in lines] == ([] if cash is None else [Decimal(str(cash))])
    if flags:
        assert set(flags) <= set(lines[0].flags)
    known = {line.symbol: line.market_value for line in result.holdings}
    if "liquidationValue" in balances:
        assert sum(known.values()) == Decimal(str(balances["liquidationValue"]))
        assert result.warnings == ()


@pytest.mark.parametrize(
    ("held", "balances"),
    [
        ([], {"cashBalance": 10.0, "liquidationValue": 9000.0}),
        ([position("VTI", 1, 300)], {"cashBalance": 0.0, "liquidationValue": 9000.0}),
        (
            [position("VTI", 1, 300)],
            {"cashBalance": 900.0, "longMarketValue": 800.0, "liquidationValue": 1700.0},
        ),
    ],
)
def test_a_missing_position_does_not_become_cash(
    held: list[Json], balances: Json, tmp_path: Path
) -> None:
    result = synced(exchange(*held, balances=balances), tmp_path)
    cash = [line.quantity for line in result.holdings if line.symbol == "_CASH:USD"]
    assert cash == [Decimal(str(amount)) for amount in [balances["cashBalance"]] if amount]
    assert [warning.code for warning in result.warnings] == ["balance_mismatch"]


@pytest.mark.parametrize(
    ("units", "average", "value", "multiplier", "price"),
    [
        (10, 100.0, 10012.0, "10", "100.12"),
        (10, 1000.0, 10012.0, "1", "1001.2"),
        (10000, 99.1, 9856.2, "0.01", "98.562"),
        (10000, 0.0, 9856.2, "0.01", "98.562"),
        (10, 100.0, None, None, None),
    ],
)
def test_the_value_tells_in_which_units_fixed_income_is_held(
    units: float, average: float, value: float | None, multiplier: str | None, price: str | None,
    tmp_path: Path,
) -> None:  # fmt: skip
    bond = position("91282CXX9", units, value, assetType="FIXED_INCOME", averagePrice=average)
    (line,) = synced(exchange(bond, balances={"cashBalance": 0}), tmp_path).holdings
    assert line.multiplier == (Decimal(multiplier) if multiplier else None)
    assert line.price == (Decimal(price) if price else None)
    assert (line.cost_basis is None) == (average == 0 or value is None)


def test_a_position_without_a_ticker_or_a_value_is_told_as_such(tmp_path: Path) -> None:
    held = [
        position(None, 2, None, cusip="123456789"),
        position("OLD", 0, 0.0),
        position("GONE", 1, 5.0, assetType="WHATEVER", averagePrice=0.0),
    ]
    result = synced(exchange(*held, balances={"liquidationValue": 5.0}), tmp_path)
    nameless, old, gone = result.holdings
    assert (nameless.symbol, nameless.market_value, nameless.price) == ("_SW:14906348", None, None)
    assert (old.quantity, old.price, old.market_value) == (0, None, 0)
    assert (gone.asset_type, gone.unit_cost, gone.cost_basis) == ("unknown", None, None)
    assert [(w.code, w.symbol) for w in result.warnings] == [("missing_price", "_SW:14906348")]


def test_transactions_become_activities_without_the_account_number(tmp_path: Path) -> None:
    fee = {"instrument": {"assetType": "CURRENCY"}, "amount": 0.65, "feeType": "COMMISSION"}
    option = {"assetType": "OPTION", "symbol": "CRCL  270115P00085000"}
    leg = {"instrument": option, "amount": -1.0, "cost": 1330.0, "price": 13.3}
    day = {"time": "2026-09-16T15:23:52+0000", "status": "VALID", "accountNumber": "12345678"}
    given = [
        day | {"activityId": 1, "type": "TRADE", "netAmount": 1329.34}
        | {"transferItems": [fee | {"cost": -0.65}, fee | {"cost": -0.01}, leg]},
        day | {"activityId": 2, "type": "DIVIDEND_OR_INTEREST", "netAmount": 0.12}
        | {"description": "BANK INT 081626-091526"},
        day | {"activityId": 3, "type": "ELECTRONIC_FUND", "netAmount": -50.0}
        | {"description": "TO 12345678", "settlementDate": "2026-09-17T04:00:00+0000"},
        day | {"activityId": 4, "type": "TRADE", "status": "PENDING"},
        day | {"activityId": 5, "type": "TRADE", "status": "INVALID"},
        day | {"activityId": 6, "type": "NEWS", "netAmount": 0.0},
        {"activityId": 7, "type": "TRADE", "tradeDate": "soon"},
    ]  # fmt: skip
    balances = {"cashBalance": 5.0, "liquidationValue": 5.0}
    result = synced(exchange(balances=balances, transactions=given), tmp_path)
    sale, interest, withdrawal, other = result.activities
    assert (sale.type, sale.quantity, sale.price) == ("sell", -1, Decimal("13.3"))
    assert (sale.amount, sale.fee) == (Decimal("1329.34"), Decimal("0.66"))
    assert (sale.symbol, sale.activity_date.isoformat()) == (option["symbol"], "2026-09-16")
    assert (interest.type, interest.fee, interest.symbol) == ("interest", None, None)
    assert (withdrawal.type, withdrawal.amount) == ("withdrawal", -50)
    assert withdrawal.settlement_date.isoformat() == "2026-09-17"
    assert withdrawal.description == "TO ...678"
    assert other.type == "other"
    assert [w.code for w in result.warnings] == ["pending_skipped", "unknown_activity_type"]
    assert [(e.code, e.account_external_id) for e in result.errors] == [("malformed_row", HASH)]
    assert [line.quantity for line in result.holdings] == [5]
    assert "12345678" not in f"{result}"


def test_accounts_land_where_nicknames_and_transactions_are_not_to_be_had(tmp_path: Path) -> None:
    entries = exchange(balances={"cashBalance": 5.0, "liquidationValue": 5.0})
    for one in (entries[1], entries[3]):
        one["response"] = {"status": 404, "content": b"<html>nothing here</html>"}
    result = synced(entries, tmp_path)
    assert [account.name for account in result.accounts] == ["Cash ...678"]
    assert result.errors == ()
    codes = sorted(warning.code for warning in result.warnings)
    assert codes == ["activities_unavailable", "nicknames_unavailable"]


GOOD = Payload(
    *(e["response"]["content"] for e in exchange(
        position("VTI", 1.5, 300.5, averagePrice=200.25),
        position("AAPL  261218C00240000", -2, -2500.0, assetType="OPTION"),
        position("91282CXX9", 1e4, 9856.2, assetType="FIXED_INCOME", averagePrice=99.1),
        balances={"cashBalance": 40.0, "marginBalance": -60.5, "liquidationValue": 7636.2},
    )[:3]),
    {HASH: json.dumps([{"activityId": 1, "type": "TRADE", "time": "2026-09-16T15:23:52+0000",
                        "netAmount": -91.66, "transferItems": []}]).encode()},
    5.0,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    part=st.sampled_from(["account_numbers", "preference", "accounts", "transactions"]),
    start=st.integers(0, 3000),
    length=st.integers(0, 40),
    junk=st.sampled_from(
        [b"", b"null", b'"one"', b"[]", b"{}", b"1e999", b"-0", b"<html>", b"\xff"]
    )
    | st.binary(max_size=8),
    is_cut=st.booleans(),
)
def test_a_damaged_answer_is_a_fault_of_data_or_a_valid_result(
    part: str, start: int, length: int, junk: bytes, is_cut: bool, tmp_path_factory: Any
) -> None:
    body = GOOD.transactions[HASH] if part == "transactions" else getattr(GOOD, part)
    start %= len(body)
    damaged = body[:start] + junk + (b"" if is_cut else body[start + length :])
    changed = {HASH: damaged} if part == "transactions" else damaged
    schwab = Schwab("APP-KEY-PROBE", PROBES[2], tmp_path_factory.getbasetemp() / "none.json")
    try:
        result = schwab.parse(replace(GOOD, **{part: changed}))
    except ProviderSyncError as error:
        result = ProviderSyncResult(errors=(error,))
    assert {error.category for error in result.errors} <= {"data"}
    ours = {account.external_id for account in result.accounts}
    for line in result.holdings:
        assert line.account_external_id in ours
        values = (line.quantity, line.price, line.market_value, line.cost_basis, line.multiplier)
        assert all(value is None or isinstance(value, Decimal) for value in values)
        assert line.market_value != 0 or line.quantity == 0 or b"0" in damaged
