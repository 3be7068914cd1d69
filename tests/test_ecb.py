"""The reference rates of the European Central Bank, over loopback HTTP; every rate is invented."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import playing

from tenet.errors import ConfigError, ProviderSyncError
from tenet.http import make_client
from tenet.market import ecb
from tenet.market.ecb import FILES, FOLDER, Ecb

if TYPE_CHECKING:
    from tape import Json

    from tenet.market.series import Rate

AT = datetime(2026, 9, 18, 22, tzinfo=UTC)
RECENT, LONG_AGO = date(2026, 9, 16), date(2000, 1, 1)

XML = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject>
<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
<Cube>
<Cube time="2026-09-17">
<Cube currency="USD" rate="1.1753"/><Cube currency="JPY" rate="172.4"/>
</Cube>
<Cube time="2026-09-16"><Cube currency="USD" rate="1.17"/></Cube>
<Cube time="2026-09-15"><Cube currency="USD" rate="1.16"/></Cube>
</Cube></gesmes:Envelope>"""

CSV = """Date,USD,JPY,CYP,GBP,
2026-09-17,1.1753,172.4,N/A,0.86,
2026-09-16,1.17,N/A,N/A,0.85,
1999-01-04,1.1789,133.73,0.58231,0.7111,
"""


def zipped(text: str | bytes, name: str = "eurofxref-hist.csv") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def entry(file: str, body: str | bytes, status: int = 200) -> Json:
    content = body.encode() if isinstance(body, str) else body
    request = {"method": "GET", "path": FOLDER + file}
    return {"request": request, "response": {"status": status, "content": content}}


def plain() -> httpx.Client:
    """A client that reads no certificates, which takes longer than all that is asked here."""
    return make_client(httpx.HTTPTransport(verify=False))


def fetched(first: date, *entries: Json) -> tuple[list[Rate], list[str]]:
    """The rates, and the files asked for."""
    with playing(list(entries)) as (url, asked):
        rates = Ecb(url, plain).fetch(first, at=AT, pause=lambda _: None)
    return rates, [line.removeprefix(f"GET {FOLDER}") for line in asked]


def told(rates: list[Rate]) -> list[str]:
    return [f"{rate.rate_date} {rate.quote_currency} {rate.rate}" for rate in rates]


def test_recent_days_are_the_short_file() -> None:
    rates, asked = fetched(RECENT, entry(FILES[0], XML))
    assert told(rates) == ["2026-09-16 USD 1.17", "2026-09-17 JPY 172.4", "2026-09-17 USD 1.1753"]
    assert {rate.currency for rate in rates} == {"EUR"}
    assert asked == [FILES[0]]


def test_older_days_are_the_zipped_history_without_currencies_that_are_none_any_more() -> None:
    rates, asked = fetched(date(1999, 1, 1), entry(FILES[1], zipped(CSV)))
    assert told(rates)[:3] == [
        "1999-01-04 GBP 0.7111",
        "1999-01-04 JPY 133.73",
        "1999-01-04 USD 1.1789",
    ]
    assert told(rates)[3:5] == ["2026-09-16 GBP 0.85", "2026-09-16 USD 1.17"]
    assert (len(rates), asked) == (8, [FILES[1]])
    assert told(fetched(LONG_AGO, entry(FILES[1], zipped(CSV)))[0]) == told(rates)[3:]


@pytest.mark.parametrize(
    ("first", "file"),
    [
        (date(2026, 9, 18), FILES[0]),
        (date(2026, 6, 21), FILES[0]),  # 89 days ago
        (date(2026, 6, 20), FILES[1]),
        (date(1990, 1, 1), FILES[1]),
    ],
)
def test_the_short_file_is_enough_for_eighty_nine_days(first: date, file: str) -> None:
    _, asked = fetched(first, entry(FILES[0], XML), entry(FILES[1], zipped(CSV)))
    assert asked == [file]


def test_a_file_that_is_not_there_gives_way_to_the_next() -> None:
    rates, asked = fetched(LONG_AGO, entry(FILES[1], "", 404), entry(FILES[2], XML))
    assert (len(rates), asked) == (4, list(FILES[1:]))
    rates, asked = fetched(RECENT, entry(FILES[0], "", 404), entry(FILES[1], zipped(CSV)))
    assert (len(rates), asked) == (5, list(FILES[:2]))
    with pytest.raises(ProviderSyncError, match=r"eurofxref-hist\.xml: HTTP 404"):
        fetched(LONG_AGO, *(entry(file, "", 404) for file in FILES))


@pytest.mark.parametrize(
    ("status", "category", "requests"),
    [
        (403, "connection", 1),
        (429, "rate_limit", 4),
        (503, "connection", 4),
        (301, "connection", 1),
    ],
)
def test_a_host_that_refuses_is_told(status: int, category: str, requests: int) -> None:
    with playing([entry(FILES[0], XML, status)]) as (url, asked):
        with pytest.raises(ProviderSyncError) as raised:
            Ecb(url, plain).fetch(RECENT, at=AT, pause=lambda _: None)
        assert (raised.value.category, len(asked)) == (category, requests)
    assert str(status) in str(raised.value)


def test_a_base_url_without_encryption_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"ecb\.base_url"):
        Ecb("http://www.ecb.europa.eu").fetch(RECENT, at=AT, pause=lambda _: None)


def test_a_bad_cell_is_left_out_and_the_others_stay() -> None:
    cells = ["N/A", "", "-1", "0", "x", "NaN", "1e30", "1e-12", "Infinity"]
    lines = [f"2026-09-{17 - n:02},{cell},0.8" for n, cell in enumerate(cells)]
    odd = ["2026-13-40,1,1", "yesterday,1,1", "", ",,", "2026-09-18", "2026-09-19,1,1", "x" * 999]
    text = (
        "\ufeffDate , USD,GBP ,QQQ,\n" + "\n".join([*lines, *odd]) + '\n2026-09-07,"1.5",0.8,2,9,'
    )
    rates, _ = fetched(LONG_AGO, entry(FILES[1], zipped(text)))
    assert {rate.quote_currency for rate in rates} == {"USD", "GBP"}
    assert len(rates) == len(cells) + 2
    assert rates[0].rate == Decimal("0.8")
    attributes = ['rate="1.1753"', 'rate="N/A"', 'rates="1"']
    for text in attributes[1:]:
        rates, _ = fetched(RECENT, entry(FILES[0], XML.replace(attributes[0], text)))
        assert told(rates) == ["2026-09-16 USD 1.17", "2026-09-17 JPY 172.4"]


def test_a_file_without_a_day_from_the_first_on_is_no_error() -> None:
    assert fetched(date(2026, 9, 18), entry(FILES[0], XML))[0] == []


ENTITIES = XML.replace(
    "<gesmes:Env", '<!DOCTYPE x [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;">]>\n<gesmes:Env', 1
)
ENCODING = XML.replace("UTF-8", "UTF-9")
HTML = "<!DOCTYPE html><html><body><p>Maintenance<br></body></html>"


@pytest.mark.parametrize(
    "body", ["", HTML, ENCODING, XML[:-300], XML[:40], "<Cube/>", ENTITIES, "{}", CSV]
)
def test_what_is_no_file_of_rates_is_told(body: str) -> None:
    for file, first in ((FILES[0], RECENT), (FILES[1], LONG_AGO)):
        with pytest.raises(ProviderSyncError) as raised:
            fetched(first, entry(file, body))
        assert (raised.value.category, raised.value.code) == ("data", "malformed")
        assert file in str(raised.value)


def stored_with(method: int, text: str = CSV) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("eurofxref-hist.csv", text)
    return packed.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        zipped(CSV)[:-30],
        zipped(CSV)[:60],
        zipped(CSV).replace(b"\x50\x4b\x03\x04", b"\x50\x4b\x03\x05"),
        zipped(CSV, name="readme.txt"),
        zipped(""),
        zipped("Date,USD,\n"),
        zipped(HTML),
        zipped("Date,USD\n2026-09-17," + "9" * 200_000),
        stored_with(zipfile.ZIP_LZMA),
        stored_with(zipfile.ZIP_BZIP2),
    ],
    ids=range(10),
)
def test_a_zip_that_does_not_hold_the_rates_is_told(body: bytes) -> None:
    with pytest.raises(ProviderSyncError) as raised:
        fetched(LONG_AGO, entry(FILES[1], body))
    assert (raised.value.category, raised.value.code) == ("data", "malformed")


def test_a_zip_is_unpacked_only_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecb, "LARGEST", len(CSV))
    assert len(fetched(LONG_AGO, entry(FILES[1], zipped(CSV)))[0]) == 5
    with pytest.raises(ProviderSyncError) as raised:
        fetched(LONG_AGO, entry(FILES[1], zipped(CSV + "\n" * 1_000_000)))
    assert raised.value.code == "malformed"


@given(
    st.sampled_from([XML.encode(), zipped(CSV), stored_with(zipfile.ZIP_STORED)]),
    st.floats(0, 1),
    st.integers(0, 4),
    st.binary(max_size=6) | st.sampled_from([b'"', b"<", b"&a;", b",", b"\n", b"-", b"\x00"]),
    st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_a_mutated_file_is_refused_or_gives_rates_above_zero(
    body: bytes, place: float, length: int, inserted: bytes, is_cut: bool
) -> None:
    start = int(place * len(body))
    changed = body[:start] + inserted + (b"" if is_cut else body[start + length :])
    file, first = (FILES[0], RECENT) if body.startswith(b"<") else (FILES[1], LONG_AGO)
    try:
        rates, _ = fetched(first, entry(file, changed))
    except ProviderSyncError as error:
        problem = (error.category, error.code)
    else:
        problem = ("data", "malformed")
        assert all(rate.rate > 0 and first <= rate.rate_date <= AT.date() for rate in rates)
    assert problem == ("data", "malformed")
