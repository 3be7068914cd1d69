"""Interactive Brokers: recorded statements over loopback HTTP, polling, and odd answers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import assert_as_expected, assert_errors, cases, error_cases, playing, recorded

from tenet.errors import ProviderSyncError
from tenet.http import Answer, make_client
from tenet.providers.ibkr import SERVICE, Ibkr

if TYPE_CHECKING:
    from pathlib import Path

    from tape import Json

    from tenet.providers.result import ProviderSyncResult

TOKEN, AT = "DEMO-TOKEN", datetime(2026, 9, 18, 22, tzinfo=UTC)
SEND, GET = f"{SERVICE}/SendRequest", f"{SERVICE}/GetStatement"
SENT = f"""<FlexStatementResponse><Status>Success</Status><ReferenceCode>77</ReferenceCode>
<Url>https://gdcdyn.interactivebrokers.com{GET}</Url></FlexStatementResponse>"""
PENDING = """<FlexStatementResponse><Status>Warn</Status><ErrorCode>1019</ErrorCode>
<ErrorMessage>Statement generation in progress.</ErrorMessage></FlexStatementResponse>"""


def statement(positions: str, rest: str = "<CashReport />", account: str = "U1") -> str:
    return f"""<FlexQueryResponse><FlexStatements>
<FlexStatement accountId="{account}" toDate="20260917">
<AccountInformation acctAlias="Main" currency="USD" name="A Person" />
<OpenPositions>{positions}</OpenPositions>{rest}
</FlexStatement></FlexStatements></FlexQueryResponse>"""


def row(**given: str) -> str:
    attributes = {"assetCategory": "STK", "currency": "USD", "fxRateToBase": "1"} | given
    return "<OpenPosition " + " ".join(f'{k}="{v}"' for k, v in attributes.items()) + " />"


def parsed(text: str | bytes) -> ProviderSyncResult:
    body = text if isinstance(text, bytes) else text.encode()
    return Ibkr(TOKEN, "123456").parse(Answer(200, body))


def exchange(*answers: str, send: str = SENT) -> list[Json]:
    def entry(path: str, body: str) -> Json:
        response = {"status": 200, "content": body.encode()}
        return {"request": {"method": "GET", "path": path}, "response": response}

    return [entry(SEND, send), *(entry(GET, body) for body in answers)]


def synced(entries: list[Json]) -> tuple[ProviderSyncResult, list[float], list[str]]:
    """The result, how long it waited (longer than the spacing of requests), and what it asked."""
    waits: list[float] = []
    with playing(entries) as (url, asked), make_client() as client:
        ibkr = Ibkr(TOKEN, "123456", base_url=url)
        result = ibkr.parse(ibkr.fetch(client, at=AT, pause=waits.append))
    return result, [wait for wait in waits if wait > 1], asked


@pytest.mark.parametrize("folder", cases("ibkr"))
def test_a_recorded_statement_lands_as_expected(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    result, waits, asked = synced(recorded(folder))
    assert_as_expected(result, expected)
    assert sum(SEND in line for line in asked) == 1
    least = expected.get("waits_s_at_least", [])
    assert all(wait >= due for wait, due in zip(waits, least, strict=bool(least)))
    others = [*expected.get("each_answer", []), expected.get("other_answer")]
    for other in filter(None, others):
        entries = recorded(folder)
        entries[-1]["response"]["content"] = (folder / other["body_file"]).read_bytes()
        result, _, _ = synced(entries)
        assert (result.outcome, len(result.accounts)) == (other["outcome"], 0)
        assert_errors(result, other.get("errors", []))
        codes = [warning["code"] for warning in other.get("warnings", [])]
        assert [warning.code for warning in result.warnings] == codes


@pytest.mark.parametrize("case", error_cases("ibkr"))
def test_a_recorded_error_keeps_its_class_and_no_secret(case: Json) -> None:
    entries = exchange(statement(row(symbol="VTI", position="1", markPrice="301.1")))
    for entry, name in zip(entries, ("send", "get"), strict=True):
        if case["on"] in (name, "any"):
            entry["response"] = case | {"content": case["body"].encode()}
    with pytest.raises(ProviderSyncError) as raised:
        synced(entries)
    error, expect = raised.value, case["expect"]
    assert (error.category, error.retriable) == (expect["category"], expect["retriable"])
    assert (error.code, error.retry_after) == (expect["code"], expect["retry_after_s"])
    for probe in expect.get("secret_probes", []):
        assert probe not in f"{error} {error!r} {error.__cause__} {error.__context__}"


def test_one_reference_is_asked_in_growing_steps_for_three_minutes() -> None:
    with pytest.raises(ProviderSyncError) as raised:
        synced(exchange(PENDING))
    assert (raised.value.code, raised.value.retriable) == ("1019", True)
    waits: list[float] = []
    with playing(exchange(PENDING)) as (url, asked), make_client() as client:
        with pytest.raises(ProviderSyncError):
            Ibkr(TOKEN, "1", base_url=url).fetch(client, at=AT, pause=waits.append)
        assert [line.split("?")[0] for line in asked] == [f"GET {SEND}"] + 7 * [f"GET {GET}"]
    assert [wait for wait in waits if wait > 1] == [5, 10, 20, 40, 60, 45]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/GetStatement",
        "https://evilinteractivebrokers.com/GetStatement",
        "http://gdcdyn.interactivebrokers.com/GetStatement",
        "https://gdcdyn.interactivebrokers.com@evil.example/GetStatement",
        "https://evil.example\\.interactivebrokers.com/GetStatement",
        "https://[/GetStatement",
        "GetStatement",
    ],
)
@pytest.mark.parametrize("configured", [False, True])
def test_the_token_goes_to_no_other_host(url: str, configured: bool) -> None:
    hosts: list[str] = []

    def answered(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(
            200, text=SENT.replace(f"https://gdcdyn.interactivebrokers.com{GET}", url)
        )

    ibkr = Ibkr(TOKEN, "1", base_url="http://127.0.0.1:1" if configured else None)
    client = make_client(httpx.MockTransport(answered))
    with client, pytest.raises(ProviderSyncError) as raised:
        ibkr.fetch(client, at=AT, pause=lambda _: None)
    assert raised.value.code == "bad_url"
    assert hosts == ["127.0.0.1" if configured else "ndcdyn.interactivebrokers.com"]


def test_without_a_configured_host_the_named_one_of_theirs_is_asked() -> None:
    hosts: list[str] = []

    def answered(request: httpx.Request) -> httpx.Response:
        hosts.append(str(request.url.copy_with(query=None)))
        return httpx.Response(200, text=SENT if len(hosts) == 1 else "<x/>")

    with make_client(httpx.MockTransport(answered)) as client:
        Ibkr(TOKEN, "1").fetch(client, at=AT, pause=lambda _: None)
    assert hosts[1] == f"https://gdcdyn.interactivebrokers.com{GET}"


def test_a_summary_stands_for_its_lots_and_lots_alone_add_up() -> None:
    both = [
        row(symbol="VTI", conid="1", position="3", markPrice="10", levelOfDetail="SUMMARY"),
        row(symbol="VTI", conid="1", position="1", markPrice="10", levelOfDetail="LOT"),
        row(symbol="VTI", conid="1", position="2", markPrice="10", levelOfDetail="LOT"),
    ]
    [summary] = parsed(statement("".join(both))).holdings
    assert (summary.quantity, summary.market_value) == (3, 30)
    lots = [
        row(symbol="VTI", position="1", markPrice="10", costBasisMoney="4", levelOfDetail="LOT"),
        row(symbol="VTI", position="2", markPrice="10", costBasisMoney="8", levelOfDetail="LOT"),
    ]
    [total] = parsed(statement("".join(lots))).holdings
    assert (total.quantity, total.market_value) == (3, 30)
    assert (total.cost_basis, total.unit_cost) == (12, 4)


def test_blank_is_unknown_and_a_line_without_a_ticker_keeps_a_stable_name() -> None:
    result = parsed(
        statement(
            row(symbol="", conid="42", position="1,000.5", markPrice="", positionValue="")
            + row(symbol="GONE", position="")
            + row(symbol="ODD", position="ten")
            + row(symbol="CHEAP", position="4", markPrice="", positionValue="1,000.00"),
            rest="",
        )
    )
    unknown, cheap = result.holdings
    assert (unknown.symbol, unknown.quantity) == ("_IB:73475cb4", Decimal("1000.5"))
    assert (unknown.price, unknown.market_value, unknown.cost_basis) == (None, None, None)
    assert (cheap.price, cheap.price_derived) == (250, True)
    assert [(warning.code, warning.symbol) for warning in result.warnings] == [
        ("missing_price", "_IB:73475cb4"),
        ("dropped_row", "GONE"),
        ("missing_section", None),
    ]
    assert [(error.code, "ODD" in str(error)) for error in result.errors] == [
        ("malformed_row", True)
    ]


def test_an_account_without_its_positions_does_not_land_as_empty() -> None:
    text = statement("").replace("<OpenPositions></OpenPositions>", "")
    result = parsed(text)
    assert result.accounts == ()
    assert [(error.code, error.account_external_id) for error in result.errors] == [
        ("missing_section", "U1")
    ]


def test_the_base_summary_counts_only_where_no_currency_stands() -> None:
    base = '<CashReportCurrency currency="BASE_SUMMARY" endingCash="7" />'
    usd = '<CashReportCurrency currency="USD" endingCash="5" />'
    [alone] = parsed(statement("", f"<CashReport>{base}</CashReport>")).holdings
    assert (alone.symbol, alone.quantity) == ("_CASH:USD", 7)
    [beside] = parsed(statement("", f"<CashReport>{base}{usd}</CashReport>")).holdings
    assert beside.quantity == 5


def test_copies_are_left_out_and_dates_are_read_in_their_formats() -> None:
    payments = [
        (
            'accountId="U1" transactionID="1" type="Deposits &amp; Withdrawals" amount="-5,000"'
            ' dateTime="2026-09-18, 18:22:33" levelOfDetail="DETAIL" currency="USD"'
        ),
        'accountId="-" transactionID="" type="Dividends" amount="9" dateTime="20260918"',
        'accountId="U1" transactionID="2" type="Moon Rent" amount="9" dateTime="20260918;182233"',
    ]
    trades = [
        'tradeID="8" buySell="BUY (Ca.)" quantity="-1" symbol="A" tradeDate="20260918" netCash="3"',
        'tradeID="8" quantity="-1" symbol="A" tradeDate="20260918" levelOfDetail="ORDER"',
        'tradeID="9" quantity="1" symbol="A" tradeDate="whenever"',
    ]
    rest = "".join(f"<CashTransaction {text} />" for text in payments)
    rest = f"<CashReport /><CashTransactions>{rest}</CashTransactions>"
    rest += "<Trades>" + "".join(f"<Trade {text} />" for text in trades) + "</Trades>"
    result = parsed(statement("", rest))
    assert [(row.external_id, row.type, row.amount) for row in result.activities] == [
        ("8", "cancel", 3),
        ("1", "withdrawal", -5000),
        ("2", "other", 9),
    ]
    assert {row.activity_date for row in result.activities} == {date(2026, 9, 18)}
    assert [warning.code for warning in result.warnings] == ["unknown_activity_type"]
    assert [error.code for error in result.errors] == ["malformed_row"]


def test_positions_are_of_the_latest_day_and_activities_of_all() -> None:
    trade = '<Trades><Trade tradeID="8" quantity="1" symbol="A" tradeDate="20260916" /></Trades>'
    old = statement(row(symbol="OLD", position="1", markPrice="1"), "<CashReport />" + trade)
    new = statement(row(symbol="NEW", position="1", markPrice="1"))
    first, second = (
        text.split("<FlexStatements>")[1].split("</FlexStatements>")[0] for text in (new, old)
    )
    second = second.replace("20260917", "20260916")
    result = parsed(
        f"<FlexQueryResponse><FlexStatements>{first}{second}</FlexStatements></FlexQueryResponse>"
    )
    assert [holding.symbol for holding in result.holdings] == ["NEW"]
    assert [account.balance_date for account in result.accounts] == [date(2026, 9, 17)]
    assert len(result.activities) == 1


WHOLE = statement(
    row(symbol="VTI", conid="1", position="2", markPrice="301.1", positionValue="602.2")
    + row(assetCategory="BOND", symbol="T 3", conid="9", position="100", markPrice="98.5"),
    '<CashReport><CashReportCurrency currency="USD" endingCash="-5" /></CashReport>'
    '<Trades><Trade tradeID="8" quantity="1" symbol="A" tradeDate="20260916" /></Trades>',
).encode()


@given(st.integers(0, len(WHOLE)), st.integers(0, 12), st.binary(max_size=6), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_mutated_statement_gives_an_error_of_data_or_a_valid_result(
    start: int, length: int, inserted: bytes, is_cut: bool
) -> None:
    body = WHOLE[:start] + inserted + (b"" if is_cut else WHOLE[start + length :])
    result = parsed(body)
    assert {error.category for error in result.errors} <= {"data"}
    assert result.outcome != "ok" or result.accounts or result.warnings
    for holding in result.holdings:
        assert holding.quantity != 0
        assert holding.price != 0 or b'markPrice="0' in body
