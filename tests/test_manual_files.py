"""Manual files: recorded folders, and statements written out here."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import assert_as_expected, assert_errors, cases

from tenet.errors import ProviderSyncError
from tenet.http import make_client
from tenet.providers.manual_files import ManualFiles
from tenet.providers.manual_files.numbers import number
from tenet.providers.result import PastState, ProviderSyncResult

if TYPE_CHECKING:
    from pathlib import Path

    from tape import Json

    from tenet.providers.provider import Provider

AT = datetime(2026, 9, 18, 22, tzinfo=UTC)
HEADER = "account,as_of,symbol,description,quantity,price,value,currency,asset_type,cost_basis\n"


def synced(folder: Path, files: dict[str, str | bytes]) -> ProviderSyncResult:
    """What a folder says once the files are written into it."""
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    provider: Provider = ManualFiles(folder)
    with make_client() as client:
        payload = provider.fetch(client, at=AT, pause=lambda _: None)
    return provider.parse(payload)


def rows(*lines: str) -> str:
    return HEADER + "\n".join(lines)


@pytest.mark.parametrize("folder", cases("manual"))
def test_a_recorded_folder_lands_as_expected(folder: Path, tmp_path: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    names = [expected["config"]["file"]]
    names += [path.name for path in folder.glob("activities.csv")]
    result = synced(tmp_path, {name: (folder / name).read_bytes() for name in names})
    assert_as_expected(result, expected)
    if "snapshots" in expected:
        assert states(result) == expected["snapshots"]
    for row in expected.get("consolidated", []):
        lines = [line for line in result.holdings if line.symbol == row["symbol"]]
        is_one = all("value_only" in line.flags for line in lines)
        quantity = 1 if is_one else sum(line.quantity for line in lines)
        assert quantity == Decimal(row["quantity"])
        assert sum(line.market_value for line in lines) == Decimal(row["market_value"])
    for place, other in enumerate(expected.get("other_files", [])):
        alone = tmp_path / str(place)
        alone.mkdir()
        result = synced(alone, {other["file"]: (folder / other["file"]).read_bytes()})
        assert result.outcome == other["outcome"]
        assert list(result.accounts) == other.get("accounts", [])
        assert_errors(result, other.get("errors", []))


def states(result: ProviderSyncResult) -> list[Json]:
    newest = [
        PastState(
            account.external_id,
            account.balance_date,
            tuple(
                line for line in result.holdings if line.account_external_id == account.external_id
            ),
        )
        for account in result.accounts
    ]
    return [
        {
            "account_external_id": state.account_external_id,
            "date": state.balance_date.isoformat(),
            "lines": [
                {"symbol": line.symbol, "market_value": f"{line.market_value.normalize():f}"}
                for line in state.holdings
            ],
        }
        for state in [*result.history, *newest]
    ]


def test_every_wrong_row_is_told_with_its_line_and_its_account_is_left_out(tmp_path: Path) -> None:
    text = rows(
        "Good,2026-09-15,VTI,,4,301.10,,USD,etf,",
        "Bad,2026-09-15,VTI,,4,301.10,,USD,etf,",
        'Bad,15/09/2026,VXUS,"two',
        'lines",four,60,,USD,etf,',
        "Bad,2026-09-15,,,1,60,,USD,etf,",
        "Bad,2026-09-15,BND,,,72,,dollars,bonds,",
        ",2026-09-15,BND,,2,72,,USD,bond,",
        "Bad,2026-02-30,BND,,2,72,,USD,bond",
    )
    result = synced(tmp_path, {"all.csv": text})
    assert result.outcome == "partial"
    assert [account.external_id for account in result.accounts] == ["Good"]
    assert [line.market_value for line in result.holdings] == [Decimal("1204.40")]
    kinds = {(error.category, error.code, error.retriable) for error in result.errors}
    assert kinds == {("data", "malformed_row", False)}
    told = {str(error).partition(":")[0]: error for error in result.errors}
    assert {place: error.account_external_id for place, error in told.items()} == {
        "all.csv line 4": "Bad",
        "all.csv line 6": "Bad",
        "all.csv line 7": "Bad",
        "all.csv line 8": None,
        "all.csv line 9": "Bad",
    }
    assert str(told["all.csv line 4"]) == (
        "all.csv line 4: as_of '15/09/2026' is no day such as 2026-09-30; "
        "quantity 'four' is no number; no quantity"
    )
    assert "asset_type 'bonds' is none of cash, equity" in str(told["all.csv line 7"])
    assert "9 cells under 10 columns; as_of '2026-02-30'" in str(told["all.csv line 9"])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("A,2026-09-15,CASH,,250.10,,,USD,cash,", "_CASH:USD 250.10 x 1 = 250.10"),
        ("A,2026-09-15,eur,,,,-3,EUR,,", "_CASH:EUR -3 x 1 = -3"),
        ("A,2026-09-15,,Loan,,,250000,USD,liability,9", "_MAN:b46a57b4f25d 1 x -250000 = -250000"),
        ("A,2026-09-15,,Loan,-1,5,,USD,liability,", "_MAN:b46a57b4f25d 1 x -5 = -5"),
        ("A,2026-09-15,TSLA,,-10,350,,USD,equity,3200", "TSLA -10 x 350 = -3500"),
        ("A,2026-09-15,AAPL C240,,2,12.5,,USD,option,", "AAPL C240 2 x 12.5 = 2500.0"),
        ("A,2026-09-15,T 3.875,,10000,98.562,9856.2,USD,bond,", "T 3.875 10000 x 98.562 = 9856.2"),
        ("A,2026-09-15,VTI,,4,,1000,USD,etf,", "VTI 4 x 250.0000000000 = 1000"),
        ("A,2026-09-15,VTI,,4,,,USD,etf,", "VTI 4 x None = None"),
        ("A,2026-09-15,VTI,,0,0,,USD,etf,", "VTI 0 x 0 = 0"),
    ],
)  # fmt: skip
def test_a_row_becomes_a_holding(row: str, expected: str, tmp_path: Path) -> None:
    (line,) = synced(tmp_path, {"one.csv": rows(row)}).holdings
    found = f"{line.symbol} {line.quantity} x {line.price} = {line.market_value}"
    assert found == expected
    assert line.raw["as_of"] == "2026-09-15"
    assert line.cost_basis is None or (line.cost_basis < 0) == (line.market_value < 0)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A,2026-09-15,VTI,,,,1000,USD,etf,", "no quantity"),
        ("A,2026-09-15,,Fund,,,,USD,other,", "neither a quantity nor a value"),
        ("A,2026-09-15,CASH,,5,,6,USD,cash,", "differ"),
        ("A,2026-09-15,TSLA,,-10,350,3500,USD,equity,", "signs"),
        ("A,2026-09-15,HSBA.L,,10,650,,GBp,equity,", "GBp"),
        ("A,20260915,VTI,,4,1,,USD,etf,", "as_of"),
    ],
)
def test_a_row_that_says_too_little_or_too_much_is_refused(
    row: str, problem: str, tmp_path: Path
) -> None:
    result = synced(tmp_path, {"one.csv": rows(row)})
    assert result.outcome == "failed"
    assert problem in str(result.errors[0])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,234.56", "1234.56"), ("1.234,56", "1234.56"), ("1 234,56", "1234.56"),
        ("1'234.56", "1234.56"), ("1\u202f234\u202f567", "1234567"), ("1,234,567", "1234567"),
        ("$1,234.50", "1234.50"), ("12.50 EUR", "12.50"), ("€ 3", "3"), ("-$5", "-5"),
        ("(12.50)", "-12.50"), ("12-", "-12"), ("\u22127", "-7"), ("12,5", "12.5"),
        ("0,125", "0.125"), (".5", "0.5"), ("8.12e-06", "0.00000812"), ("1,234", "1234"),
        ("1.234", "1.234"), ("12,34,56", None), ("1,23.4", None), ("1 2", None), ("ten", None),
        ("--1", None), ("", None), ("NaN", None), ("1e999", None), ("1_000", None), ("5%", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(written: str, value: str | None) -> None:
    assert number(written) == (None if value is None else Decimal(value))


def test_a_file_with_decimal_commas_is_told_by_its_other_numbers(tmp_path: Path) -> None:
    header = HEADER.replace(",", ";")
    european = header + "A;2026-09-15;VTI;Größe;1.234;2,5;;EUR;etf;\n"
    english = header + "B;2026-09-15;VTI;;1.234;2.5;;EUR;etf;\n"
    result = synced(
        tmp_path, {"a.csv": european.encode("cp1252"), "b.csv": english.encode("utf-16")}
    )
    assert [line.quantity for line in result.holdings] == [1234, Decimal("1.234")]
    assert result.holdings[0].name == "Größe"


def test_yaml_numbers_never_go_through_a_float(tmp_path: Path) -> None:
    yaml = """
accounts:
  - id: vault
    currency: EUR
    as_of: 2026-08-30
    holdings:
      - {description: Coin, quantity: 0.1234567890123456789, price: 8.12e-06}
      - description: House
        as_of: 2026-09-01
        value: "450,000"
    activities:
      - {date: 2026-08-01, type: fee, amount: -3, description: Rent of the vault}
"""
    result = synced(tmp_path, {"vault.yaml": yaml})
    coin, house = result.holdings
    assert coin.quantity == Decimal("0.1234567890123456789")
    assert coin.price == Decimal("0.00000812")
    assert (coin.extra["price_date"], house.extra["price_date"]) == ("2026-08-30", "2026-09-01")
    assert house.market_value == 450000
    assert result.accounts[0].balance_date == date(2026, 9, 1)
    assert [(each.type, each.amount) for each in result.activities] == [("fee", -3)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("accounts: &a [*a]", "alias"),
        ("x: &a 1\naccounts: [{id: *a}]", "line 2: an alias"),
        ("accounts: !!python/name:os.system", "tag"),
        ("accounts: []\naccounts: []", "a key twice"),
        ("accounts: " + "[" * 3000, "RecursionError"),
        ("accounts: {id: a}", "no list of accounts"),
        ("accounts: [{name: }]", "line 1: an account without an id"),
        ("accounts: [{id: a}]", "no list of holdings"),
        ("accounts: [{id: a, holdings: [1]}]", "no mapping"),
        ("accounts: [{id: a, holdings: [{value: 18,500.00}]}]", "500.00"),
        ("\x00", "not a text file"),
    ],
)
def test_yaml_that_is_no_statement_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    result = synced(tmp_path, {"odd.yaml": text})
    assert (result.outcome, len(result.errors)) == ("failed", 1)
    assert problem in str(result.errors[0])
    assert result.errors[0].category == "data"


def test_statements_of_several_files_make_one_history(tmp_path: Path) -> None:
    march, june = (
        rows(f"A,2026-{day},CASH,,{x},,,USD,cash,") for day, x in (("03-31", 1), ("06-30", 2))
    )
    result = synced(tmp_path, {"a.csv": june, "b.csv": march})
    assert [state["date"] for state in states(result)] == ["2026-03-31", "2026-06-30"]
    twice = synced(tmp_path, {"c.csv": june})
    assert [error.code for error in twice.errors] == ["conflict"]
    assert twice.accounts == ()


def test_alike_activities_have_happened_twice(tmp_path: Path) -> None:
    line = "A,2026-05-15,fee,Coffee,-3,USD\n"
    text = (
        "account,date,type,description,amount,currency\n" + line * 2 + line.replace("fee", "fees")
    )
    result = synced(tmp_path, {"a.csv": text})
    first, second = (activity.external_id for activity in result.activities)
    assert second == f"{first}:2"
    assert "line 4" in str(result.errors[0])


def test_only_statements_are_read_and_a_missing_folder_is_told(tmp_path: Path) -> None:
    for name in (".hidden.csv", "~$open.csv", "notes.txt"):
        (tmp_path / name).write_text("no statement")
    (tmp_path / "folder.csv").mkdir()
    assert synced(tmp_path, {}) == ProviderSyncResult()
    with pytest.raises(ProviderSyncError, match="cannot be read") as raised:
        synced(tmp_path / "gone", {})
    assert raised.value.code == "no_folder"


GOOD = {
    "a.csv": rows(
        "A,2026-09-15,VTI,,4,301.10,,USD,etf,", 'B,2026-09-15,,"Fund, old",,,5000.00,USD,other,'
    ).encode(),
    "b.yaml": b"accounts:\n  - id: C\n    currency: USD\n    holdings:\n"
    b"      - {description: Home, as_of: 2026-07-01, value: 450000, asset_type: real_asset}\n",
    "c.csv": b"account,date,type,description,amount,currency\nA,2026-05-15,fee,Coffee,-3,USD\n",
}


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(GOOD)),
    start=st.integers(0, 400),
    length=st.integers(0, 30),
    junk=st.sampled_from([b"", b'"', b"\n", b",,", b"- ", b"&a", b"!!int ", b"1e999", b"\xff\xfe"])
    | st.binary(max_size=8),
    is_cut=st.booleans(),
)
def test_a_damaged_file_is_a_fault_of_data_or_a_valid_result(
    name: str, start: int, length: int, junk: bytes, is_cut: bool, tmp_path_factory: Any
) -> None:
    body = GOOD[name]
    start %= len(body)
    damaged = body[:start] + junk + (b"" if is_cut else body[start + length :])
    files: dict[str, Any] = GOOD | {name: damaged}
    result = ManualFiles(tmp_path_factory.getbasetemp()).parse(files)
    assert {error.category for error in result.errors} <= {"data"}
    ours = {account.external_id for account in result.accounts}
    for line in result.holdings:
        assert line.account_external_id in ours
        values = (line.quantity, line.price, line.market_value, line.cost_basis)
        assert all(value is None or isinstance(value, Decimal) for value in values)
        assert line.market_value != 0 or any("0" in text for text in line.raw.values())
