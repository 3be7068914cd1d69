"""Which source prices a security, and the security's symbol there."""

from __future__ import annotations

import csv
import re
from functools import cache

from tenet.resources import folder

_SOURCES = ("yahoo", "coingecko")
# What Yahoo writes after a dash for units, warrants, rights and when-issued shares.
_ENDINGS = {"U": "UN", "UN": "UN", "WS": "WT", "WT": "WT", "RT": "RI", "WI": "WI"}
# The exchanges that Yahoo names by one letter, and the currencies that they quote in.
_ONE_LETTER = {
    "F": ("EUR",),
    "L": ("GBP", "GBX", "EUR", "USD"),
    "T": ("JPY",),
    "V": ("CAD", "USD"),
}
_OPTION = re.compile(r"-?[A-Z0-9.]{1,6} *\d{6}[CP]\d{8}")
_PREFERRED = re.compile(r"([A-Z]+)[-./ ]PR[-./ ]?([A-Z])(\.[A-Z]+)?")
_ENDED = re.compile(r"([A-Z]+)[./ ](U|UN|WS|WT|RT|WI)(?:[./ ]([A-Z]))?(\.[A-Z]{2,})?")
_CLASS = re.compile(r"([A-Z]+)([./ ])([A-Z])(\.[A-Z]+)?")
_YAHOO = re.compile(r"[A-Z0-9^.=&_-]{1,32}")
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")


def price_route(
    security_id: str,
    *,
    is_crypto: bool,
    currency: str | None,
    price_source: str | None,
    price_symbol: str | None,
) -> tuple[str, str | None] | None:
    """The source that prices a security, and its symbol there; None when no source can.

    price_source, price_symbol: the user's own choice, which wins. Without one CoinGecko prices
    coins, and Yahoo everything else for which `yahoo_symbol` knows a symbol.
    The symbol is None where the source has to find it: a coin at CoinGecko without a choice.
    A price_source that tenet cannot ask (closes that are imported) gives None.
    """
    source = (price_source or "").strip().lower() or ("coingecko" if is_crypto else "yahoo")
    if source not in _SOURCES:
        return None
    symbol = (price_symbol or "").strip()
    if symbol:
        return source, symbol
    if source == "coingecko":
        return None if _is_unpriced(security_id.strip().upper()) else (source, None)
    found = yahoo_symbol(security_id, is_crypto=is_crypto, currency=currency)
    return (source, found) if found else None


def yahoo_symbol(
    security_id: str, *, is_crypto: bool = False, currency: str | None = None
) -> str | None:
    """Yahoo's symbol of a security as brokers write it; None when Yahoo is not to price it.

    None: synthetic ids (`_MAN:...`), cash (USD, SPAXX), options (AAPL  261218C00200000), and text
    that can be no symbol. Told to be a coin: BTC is BTC-USD, BTC/EUR is BTC-EUR.
    Preferred shares, of a series: BAC.PRL, BAC/PRL, BAC PRL, BAC-PRL, BAC.PR.L are BAC-PL.
    Units, warrants, rights: ABC.U is ABC-UN, OXY.WS is OXY-WT, ABC.WS.A is ABC-WTA, ABC.RT is
    ABC-RI.
    Classes: BRK.B, BRK/B, BRK B are BRK-B. Where one of F, L, T, V stands after a dot it is an
    exchange (VOD.L, 7203.T), unless the currency is none of that exchange: ABC.T in USD is ABC-T.
    In Canadian dollars these three kinds are of Toronto: RCI.B is RCI-B.TO, REI.UN is REI-UN.TO,
    BCE.PR.A is BCE-PA.TO. An exchange that is given stays: VOLV B.ST is VOLV-B.ST.
    Everything else is the same at Yahoo: VTI, VFIAX, BHP.AX, SAP.DE, BRK-B, ^GSPC, EURUSD=X.
    """
    symbol = security_id.strip().upper()
    if _is_unpriced(symbol):
        return None
    if is_crypto:
        pair = symbol.replace("/", "-")
        found = pair if "-" in pair else f"{pair}-USD"
    else:
        found = _of_listing(symbol, (currency or "").upper())
    return found if is_yahoo_symbol(found) else None


def is_yahoo_symbol(symbol: str) -> bool:
    """Whether Yahoo may know a text as a symbol. An ISIN is none."""
    written = symbol.upper()
    return bool(_YAHOO.fullmatch(written)) and not _ISIN.fullmatch(written)


def _of_listing(symbol: str, currency: str) -> str:
    home = ".TO" if currency == "CAD" else ""
    if found := _PREFERRED.fullmatch(symbol):
        issuer, series, exchange = found.groups()
        return f"{issuer}-P{series}{exchange or home}"
    if found := _ENDED.fullmatch(symbol):
        issuer, ending, series, exchange = found.groups()
        place = exchange or home
        return f"{issuer}-{ending if place else _ENDINGS[ending]}{series or ''}{place}"
    if found := _CLASS.fullmatch(symbol):
        issuer, mark, letter, exchange = found.groups()
        quoted_in = _ONE_LETTER.get(letter, ()) if mark == "." and not exchange else ()
        if quoted_in and (not currency or currency in quoted_in):
            return symbol
        return f"{issuer}-{letter}{exchange or home}"
    return symbol


def _is_unpriced(symbol: str) -> bool:
    return symbol.startswith("_") or symbol in _cash() or bool(_OPTION.fullmatch(symbol))


@cache
def _cash() -> frozenset[str]:
    with (folder("data") / "cash_tickers.csv").open(newline="", encoding="utf-8") as file:
        return frozenset(row["security_id"] for row in csv.DictReader(file))
