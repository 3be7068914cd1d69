"""The source of a security's prices, and its symbol there."""

from __future__ import annotations

import pytest

from tenet.market.symbols import is_yahoo_symbol, price_route, yahoo_symbol


@pytest.mark.parametrize(
    "plain",
    [
        "VTI",
        "VFIAX",
        "SAP.DE",
        "RY.TO",
        "BHP.AX",
        "0700.HK",
        "BRK-B",
        "^GSPC",
        "EURUSD=X",
        "CEZ.PR",
    ],
)
def test_most_symbols_are_the_same_at_yahoo(plain: str) -> None:
    assert yahoo_symbol(plain, currency="USD") == plain


@pytest.mark.parametrize("written", ["BRK.B", "BRK/B", "BRK B", "brk.b", " BRK.B "])
def test_a_class_of_shares_stands_after_a_dash(written: str) -> None:
    assert yahoo_symbol(written) == "BRK-B"
    assert yahoo_symbol(written, currency="USD") == "BRK-B"


@pytest.mark.parametrize("written", ["BAC.PRL", "BAC/PRL", "BAC PRL", "BAC-PRL", "BAC.PR.L"])
def test_a_series_of_preferred_shares_stands_after_a_dash_and_p(written: str) -> None:
    assert yahoo_symbol(written) == "BAC-PL"


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("ABC.U", "ABC-UN"),
        ("ABC.UN", "ABC-UN"),
        ("OXY.WS", "OXY-WT"),
        ("OXY/WS", "OXY-WT"),
        ("ABC.WS.A", "ABC-WTA"),
        ("ABC.RT", "ABC-RI"),
        ("ABC.WI", "ABC-WI"),
    ],
)
def test_units_warrants_and_rights_have_endings_of_their_own(written: str, known: str) -> None:
    assert yahoo_symbol(written, currency="USD") == known


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("RCI.B", "RCI-B.TO"),
        ("RCI.B.TO", "RCI-B.TO"),
        ("REI.UN", "REI-UN.TO"),
        ("HXT.U", "HXT-U.TO"),
        ("BCE.PR.A", "BCE-PA.TO"),
        ("BCE.PR.A.TO", "BCE-PA.TO"),
        ("RY", "RY"),
    ],
)
def test_canadian_dollars_say_that_a_class_is_of_toronto(written: str, known: str) -> None:
    assert yahoo_symbol(written, currency="CAD") == known


@pytest.mark.parametrize(
    ("written", "currency", "known"),
    [
        ("VOD.L", None, "VOD.L"),
        ("VOD.L", "GBP", "VOD.L"),
        ("VOD.L", "GBp", "VOD.L"),
        ("VUSA.L", "USD", "VUSA.L"),
        ("ABC.L", "CHF", "ABC-L"),
        ("7203.T", None, "7203.T"),
        ("7203.T", "USD", "7203.T"),
        ("ABC.T", "JPY", "ABC.T"),
        ("ABC.T", "USD", "ABC-T"),
        ("ABC.V", "CAD", "ABC.V"),
        ("ABC.F", "EUR", "ABC.F"),
        ("ABC.F", "USD", "ABC-F"),
        ("VOD L", "GBP", "VOD-L"),
        ("VOLV B.ST", "SEK", "VOLV-B.ST"),
        ("ABC.T.L", "GBP", "ABC-T.L"),
    ],
)
def test_one_letter_after_a_dot_is_an_exchange_or_a_class_by_the_currency(
    written: str, currency: str | None, known: str
) -> None:
    assert yahoo_symbol(written, currency=currency) == known


@pytest.mark.parametrize(
    ("coin", "known"), [("BTC", "BTC-USD"), ("BTC-EUR", "BTC-EUR"), ("BTC/EUR", "BTC-EUR")]
)
def test_a_coin_is_a_pair_only_when_told_to_be_one(coin: str, known: str) -> None:
    assert yahoo_symbol(coin, is_crypto=True, currency="EUR") == known
    assert yahoo_symbol("BTC") == "BTC"


UNPRICED = ["_MAN:0123456789AB", "_CASH:USD", "_ZERO_BALANCE", "USD", "spaxx", "$"]
UNPRICED += ["AAPL  261218C00200000", "AAPL261218P00200000", "-SPXW261218C05000000"]


@pytest.mark.parametrize("security_id", UNPRICED)
@pytest.mark.parametrize("is_crypto", [False, True])
def test_synthetic_ids_cash_and_options_have_no_source(security_id: str, is_crypto: bool) -> None:
    assert yahoo_symbol(security_id, is_crypto=is_crypto) is None
    assert route(security_id, is_crypto=is_crypto) is None


@pytest.mark.parametrize("odd", ["", " ", "SOME FUND NAME", "A?B=C", "../X", "ÄÖÜ", "A" * 33])
def test_what_can_be_no_symbol_has_no_source(odd: str) -> None:
    assert yahoo_symbol(odd) is None
    assert route(odd) is None


def test_an_isin_is_no_symbol_of_yahoo() -> None:
    assert yahoo_symbol("US0378331005") is None
    assert not is_yahoo_symbol("us0378331005")


def route(
    security_id: str,
    source: str | None = None,
    symbol: str | None = None,
    *,
    is_crypto: bool = False,
) -> tuple[str, str | None] | None:
    return price_route(
        security_id,
        is_crypto=is_crypto,
        currency="USD",
        price_source=source,
        price_symbol=symbol,
    )


def test_yahoo_prices_what_coingecko_does_not() -> None:
    assert route("BRK.B") == ("yahoo", "BRK-B")
    assert route("BTC", is_crypto=True) == ("coingecko", None)


def test_the_users_choice_wins() -> None:
    assert route("BTC", "yahoo", is_crypto=True) == ("yahoo", "BTC-USD")
    assert route("BTC", " Yahoo ", "BTC-EUR", is_crypto=True) == ("yahoo", "BTC-EUR")
    assert route("BTC", None, "bitcoin", is_crypto=True) == ("coingecko", "bitcoin")
    assert route("GOLD", "coingecko", "pax-gold") == ("coingecko", "pax-gold")
    assert route("GOLD", "coingecko") == ("coingecko", None)
    assert route("VOD", "", "VOD.L") == ("yahoo", "VOD.L")
    assert route("_SF:01234567", None, "VFIAX") == ("yahoo", "VFIAX")
    assert route("AAPL  261218C00200000", "yahoo") is None


def test_a_source_that_cannot_be_asked_prices_nothing() -> None:
    assert route("ACME", "acme", "ACME") is None
