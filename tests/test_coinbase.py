"""Coinbase: recorded portfolios over loopback HTTP, signed requests, key files, and odd answers."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import FIXTURES, assert_as_expected, cases, error_cases, playing, recorded

from tenet.errors import ProviderSyncError
from tenet.http import Answer, make_client
from tenet.providers.coinbase import V3, Coinbase
from tenet.providers.coinbase_key import read_key

if TYPE_CHECKING:
    from tape import Json

    from tenet.providers.result import ProviderSyncResult

AT = datetime(2026, 9, 18, 22, tzinfo=UTC)
NAME = "organizations/0/apiKeys/1"
SEED = bytes(range(32))
EDWARDS = Ed25519PrivateKey.from_private_bytes(SEED)
CURVE = ec.derive_private_key(0x1234, ec.SECP256R1())
SEC1 = CURVE.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
PKCS8 = EDWARDS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SPOT = {"asset": "BTC", "total_balance_crypto": 0.5, "total_balance_fiat": 40000.5}


def breakdown(*spot: Json, total: str | None = None, **sections: list[Json]) -> Json:
    balances = {"total_balance": {"value": total, "currency": "USD"}}
    told = {"spot_positions": list(spot), "portfolio_balances": balances}
    return {"breakdown": told | sections}


def exchange(**answers: Json) -> list[Json]:
    """A good exchange of one portfolio, p1; answers by portfolios, p1, fills, wallets, w1."""
    told: dict[str, Json] = {
        "portfolios": {"portfolios": [{"uuid": "p1", "name": "Default", "type": "DEFAULT"}]},
        "p1": breakdown(SPOT),
        "fills": {"fills": [], "cursor": ""},
        "wallets": {"data": [{"id": "w1"}]},
        "w1": {"data": [], "pagination": {"next_uri": None}},
    }
    paths = {
        "portfolios": f"{V3}/portfolios",
        "p1": f"{V3}/portfolios/p1",
        "fills": f"{V3}/orders/historical/fills",
        "wallets": "/v2/accounts",
        "w1": "/v2/accounts/w1/transactions",
    }
    return [
        {
            "request": {"method": "GET", "path": paths[name]},
            "response": {"status": 200, "content": json.dumps(body).encode()},
        }
        for name, body in (told | answers).items()
    ]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return written(tmp_path, base64.b64encode(SEED).decode())


def written(folder: Path, private_key: str, field: str = "name") -> Path:
    path = folder / "cdp_api_key.json"
    path.write_text(json.dumps({field: NAME, "privateKey": private_key}))
    return path


def synced(entries: list[Json], key_file: Path) -> tuple[ProviderSyncResult, list[str]]:
    with playing(entries) as (url, asked), make_client() as client:
        coinbase = Coinbase(key_file, base_url=url)
        result = coinbase.parse(coinbase.fetch(client, at=AT, pause=lambda _: None))
    return result, asked


@pytest.mark.parametrize("folder", cases("coinbase"))
def test_a_recorded_exchange_lands_as_expected(folder: Path, key_file: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    result, asked = synced(recorded(folder), key_file)
    assert_as_expected(result, expected)
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("case", error_cases("coinbase"))
def test_a_recorded_error_keeps_its_class_and_no_secret(case: Json, tmp_path: Path) -> None:
    entries = exchange()
    places = {"portfolio": ["portfolios/p1"], "v2": ["/v2/accounts"], "any": [""]}
    for entry in entries:
        if any(entry["request"]["path"].endswith(place) for place in places[case["on"]]):
            entry["response"] = case | {"content": case["body"].encode()}
    if case["on"] == "any":
        path = f"{V3}/accounts"
        entries.append(entries[0] | {"request": {"method": "GET", "path": path}})
    try:
        [error] = synced(entries, written(tmp_path, SEC1))[0].errors
    except ProviderSyncError as raised:
        error = raised
    expect = case["expect"]
    assert (error.category, error.retriable) == (expect["category"], expect["retriable"])
    assert (error.code, error.retry_after) == (expect["code"], expect["retry_after_s"])
    assert (expect["message_contains"] or "") in str(error)
    for probe in expect.get("secret_probes", []):
        assert probe not in f"{error} {error!r} {error.__cause__} {error.__context__}"


@pytest.mark.skipif(not FIXTURES.exists(), reason="the provider fixtures are not here")
def test_a_token_is_that_of_the_recorded_vectors(tmp_path: Path) -> None:
    told = json.loads((FIXTURES / "coinbase" / "jwt_vectors.json").read_text())
    path = tmp_path / "key.json"
    path.write_text(json.dumps(told["key_file"]))
    key = read_key(path)
    for vector in told["vectors"]:
        method, uri = vector["uri"].split(" ")
        now, nonce = vector["claims"]["nbf"], vector["header"]["nonce"]
        asked = uri.removeprefix("api.coinbase.com")
        assert key.token(method, asked, now=now, nonce=nonce) == vector["jwt"]


@pytest.mark.parametrize(
    ("text", "algorithm"),
    [
        (SEC1, "ES256"),
        (SEC1.replace("\n", "\\n"), "ES256"),
        (PKCS8, "EdDSA"),
        (base64.b64encode(SEED).decode(), "EdDSA"),
        (base64.b64encode(SEED + EDWARDS.public_key().public_bytes_raw()).decode(), "EdDSA"),
    ],
)
@pytest.mark.parametrize("field", ["name", "id"])
def test_a_key_file_is_read_in_each_of_its_forms(
    tmp_path: Path, text: str, algorithm: str, field: str
) -> None:
    key = read_key(written(tmp_path, text, field))
    token = key.token("GET", "/v2/accounts", now=int(AT.timestamp()), nonce="00")
    public = (CURVE if algorithm == "ES256" else EDWARDS).public_key()
    unchecked = {"verify_exp": False, "verify_nbf": False}
    claims = jwt.decode(token, public, algorithms=[algorithm], issuer="cdp", options=unchecked)
    assert claims["uri"] == "GET api.coinbase.com/v2/accounts"
    assert (claims["sub"], claims["exp"] - claims["nbf"]) == (NAME, 120)
    signature = token.rpartition(".")[2]
    assert len(base64.urlsafe_b64decode(signature + "==")) == 64


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "not json", '{"name": "n", "privateKey": "c2hvcnQ="}']
)
def test_what_is_no_key_file_is_told_without_its_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    for where in (path, tmp_path / "missing.json", tmp_path):
        with pytest.raises(ProviderSyncError) as raised:
            read_key(where)
        assert (raised.value.category, raised.value.code) == ("auth", "key_file")
        assert "c2hvcnQ" not in str(raised.value)
        assert Coinbase(where).secrets in ((), ("c2hvcnQ=",))


def test_each_request_is_signed_for_its_path_alone(key_file: Path) -> None:
    signed: list[str] = []
    entries = exchange(fills={"fills": [], "cursor": "9"})
    with playing(entries) as (url, asked), make_client() as client:
        client.event_hooks["request"].append(
            lambda sent: signed.append(sent.headers["authorization"])
        )
        Coinbase(key_file, base_url=url).fetch(client, at=AT, pause=lambda _: None)
    claims = [jwt.decode(line.split()[1], options={"verify_signature": False}) for line in signed]
    assert [told["uri"] for told in claims] == [
        line.replace(" ", " api.coinbase.com").split("?")[0] for line in asked
    ]
    assert any("cursor=9" in line for line in asked)
    assert len({jwt.get_unverified_header(line.split()[1])["nonce"] for line in signed}) == len(
        signed
    )


def test_the_next_page_is_asked_at_the_own_host_whatever_it_names(key_file: Path) -> None:
    uri = "https://evil.example/v2/accounts/w1/transactions?limit=100&starting_after=t1"
    entries = exchange(w1={"data": [], "pagination": {"next_uri": uri}})
    result, asked = synced(entries, key_file)
    assert asked[-1] == "GET /v2/accounts/w1/transactions?limit=100&starting_after=t1"
    assert result.outcome == "ok"


def test_dust_staked_rows_stablecoins_and_foreign_cash_are_each_what_they_are(
    key_file: Path,
) -> None:
    spot = [
        {"asset": "SHIB", "total_balance_crypto": 1e-8, "total_balance_fiat": 0},
        {"asset": "ETH", "total_balance_crypto": "1", "total_balance_fiat": "3000"},
        {"asset": "ETH", "total_balance_crypto": 0.5, "total_balance_fiat": 1500.0},
        {"asset": "USDC", "is_cash": True, "total_balance_crypto": 5, "total_balance_fiat": 5},
        {"asset": "EUR", "is_cash": True, "total_balance_crypto": 100, "total_balance_fiat": 117},
    ]
    result, _ = synced(exchange(p1=breakdown(*spot)), key_file)
    lines = [
        (row.symbol, row.market_value, row.currency, row.asset_type) for row in result.holdings
    ]
    assert lines == [
        ("SHIB", None, "USD", "crypto"),
        ("ETH", 3000, "USD", "crypto"),
        ("ETH", 1500, "USD", "crypto"),
        ("USDC", 5, "USD", "crypto"),
        ("_CASH:EUR", 100, "EUR", "cash"),
    ]
    assert result.holdings[0].quantity == Decimal("1e-8")
    assert [(row.code, row.symbol) for row in result.warnings] == [("missing_price", "SHIB")]


def test_a_contract_is_worth_its_gain_and_a_share_its_value(key_file: Path) -> None:
    def usd(value: str) -> Json:
        return {"userNativeCurrency": {"value": value, "currency": "USD"}}

    perpetual = {
        "product_id": "BTC-PERP-INTX",
        "position_side": "FUTURES_POSITION_SIDE_SHORT",
        "net_size": "0.1",
        "mark_price": usd("90000"),
        "vwap": usd("91000"),
        "unrealized_pnl": usd("100"),
        "position_notional": usd("9000"),
    }
    future = {
        "product_id": "BIT-26SEP26-CDE",
        "side": "FUTURES_POSITION_SIDE_LONG",
        "amount": "2",
        "contract_size": "0.01",
        "current_price": "90000",
        "unrealized_pnl": "-40",
    }
    share = {
        "cbrn": "AAPL",
        "total_balance_equity": {"value": "2", "currency": "AAPL"},
        "total_balance_fiat": {"value": "460.2", "currency": "USD"},
    }
    sections = {"perp_positions": [perpetual], "futures_positions": [future]}
    told = breakdown(total="520.2", **sections, equity_positions=[share])
    result, _ = synced(exchange(p1=told), key_file)
    found = [(row.quantity, row.market_value, row.extra.get("notional")) for row in result.holdings]
    assert found == [
        (Decimal("-0.1"), 100, 9000),
        (2, -40, 1800),
        (2, Decimal("460.2"), None),
    ]
    assert result.warnings == ()
    assert result.holdings[0].flags == ("notional_excluded", "short")


def test_a_portfolio_that_fails_leaves_the_other_and_does_not_land_as_empty(
    key_file: Path,
) -> None:
    listed = {"portfolios": [{"uuid": "p1", "name": "Default"}, {"uuid": "p2", "name": "Lost"}]}
    result, _ = synced(exchange(portfolios=listed), key_file)
    assert [account.external_id for account in result.accounts] == ["p1"]
    assert [(error.account_external_id, error.category) for error in result.errors] == [
        ("p2", "connection")
    ]


def test_wallets_of_a_missing_page_do_not_look_sold(key_file: Path) -> None:
    wallet = {"currency": "BTC", "retail_portfolio_id": "p1", "available_balance": {"value": "1"}}
    entries = exchange()
    entries[0]["response"]["status"] = 403
    for query, content in (
        ({}, {"accounts": [wallet], "has_next": True, "cursor": "2"}),
        (
            {"cursor": "2"},
            {"error": "NOT_FOUND"},
        ),
    ):
        request = {"method": "GET", "path": f"{V3}/accounts", "query": query}
        status = 404 if query else 200
        entries.append(
            {
                "request": request,
                "response": {"status": status, "content": json.dumps(content).encode()},
            }
        )
    with pytest.raises(ProviderSyncError) as raised:
        synced(entries, key_file)
    assert raised.value.code == "NOT_FOUND"


WHOLE = {
    "portfolios": b'{"portfolios": [{"uuid": "p1", "name": "Default", "deleted": false}]}',
    "portfolio p1": json.dumps(
        breakdown(SPOT, {"asset": "USD", "total_balance_crypto": 7.5})
    ).encode(),
    "fills": b'{"fills": [{"entry_id": "e", "trade_time": "2026-09-17T14:03:22Z", "price": "8.5",'
    b' "size": "0.01", "commission": "3.44", "product_id": "BTC-USD", "side": "BUY"}]}',
    "wallets": b'{"data": [{"id": "w1"}]}',
    "transactions": b'{"data": [{"id": "t", "type": "send", "status": "completed", "amount":'
    b' {"amount": "-0.1", "currency": "BTC"}, "created_at": "2026-09-15T10:00:00Z"}]}',
}


@given(
    st.sampled_from(sorted(WHOLE)),
    st.floats(0, 1),
    st.integers(0, 12),
    st.binary(max_size=6) | st.sampled_from([b"1e999", b"null", b"[]", b"{}", b'"x"', b"-", b"0"]),
    st.booleans(),
)
@settings(max_examples=500, deadline=None)
def test_a_mutated_answer_gives_an_error_of_data_or_a_valid_result(
    label: str, place: float, length: int, inserted: bytes, is_cut: bool
) -> None:
    body = WHOLE[label]
    start = int(place * len(body))
    mutated = body[:start] + inserted + (b"" if is_cut else body[start + length :])
    told = {name: [Answer(200, text)] for name, text in (WHOLE | {label: mutated}).items()}
    result = Coinbase(Path("no-such-key.json")).parse(told)
    assert {error.category for error in result.errors} <= {"data"}
    for holding in result.holdings:
        assert holding.quantity != 0
        assert holding.price != 0
        assert holding.market_value != 0
    for row in result.activities:
        assert row.activity_date is not None
