"""`tenet prices` as people call it: the real sources over HTTP on loopback, and marks."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from markets import add, holding, household, landed, noon
from tape import playing

import tenet
from tenet.home import writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    Command = Callable[..., Run]
    Json = dict[str, Any]

KEY = "coingecko-key-probe"
DAYS = ["2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07"]
LATER = "2024-03-08"


def stamp(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T14:30").replace(tzinfo=UTC).timestamp())


def chart(symbol: str, close: float, currency: str = "USD", kind: str = "EQUITY") -> Json:
    """Yahoo's chart of a symbol that is worth the same on each of DAYS."""
    closes = [close] * len(DAYS)
    quote = dict.fromkeys(("open", "high", "low", "close", "volume"), closes)
    result = {
        "meta": {
            "currency": currency,
            "instrumentType": kind,
            "exchangeTimezoneName": "UTC",
            "validRanges": ["1d"],
        },
        "timestamp": [stamp(day) for day in DAYS],
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": closes}]},
    }
    body = {"chart": {"result": [result], "error": None}}
    return answer(f"/v8/finance/chart/{symbol}", json.dumps(body).encode())


def coin(name: str, price: float) -> Json:
    """CoinGecko's points of a coin: noon of each of DAYS."""
    points = [[stamp(day) * 1000, price] for day in DAYS]
    path = f"/api/v3/coins/{name}/market_chart/range"
    return answer(path, json.dumps({"prices": points}).encode())


def bank(**rates: float) -> Json:
    """The central bank's history."""
    lines = [f"{day},{','.join(map(str, rates.values()))}," for day in reversed(DAYS)]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("eurofxref-hist.csv", "\n".join([f"Date,{','.join(rates)},", *lines]))
    return answer("/stats/eurofxref/eurofxref-hist.zip", packed.getvalue())


def answer(path: str, content: bytes, status: int = 200, **headers: str) -> Json:
    response = {"status": status, "content": content, "headers": headers}
    return {"request": {"method": "GET", "path": path}, "response": response}


def at(url: str) -> dict[str, str]:
    """The environment in which every source is asked at one host."""
    sources = ("YAHOO", "COINGECKO", "ECB")
    return {f"TENET_{source}__BASE_URL": url for source in sources}


def test_closes_coins_and_rates_of_four_sources_are_landed_once_and_valued(
    tenet_command: Command, tmp_path: Path
) -> None:
    held = holding("VTI", "VOD.L", "BTC", "_CASH:EUR", "_CASH:TWD", since="2024-03-05")
    held["holdings"] = held["holdings"].replace("security_id", "security_id,asset_type", 1)
    held["holdings"] = held["holdings"].replace("BTC", "BTC,crypto")
    held["holdings"] = "\n".join(
        line if line.count(",") == 2 else f"{line},unknown"
        for line in held["holdings"].splitlines()
    )
    home = household(tmp_path, **held).home
    exchange = [
        chart("VTI", 250),
        chart("VOD.L", 70, "GBp"),
        chart("TWDUSD=X", 0.03, kind="CURRENCY"),
        coin("bitcoin", 60000),
        bank(USD=1.1, GBP=0.88),
    ]
    prices = ("--home", home, "--today", LATER, "prices", "--json")
    with playing(exchange) as (url, asked):
        environment = at(url) | {"TENET_COINGECKO__API_KEY": KEY}
        run = tenet_command(*prices, **environment)
        assert run.returncode == 0, run.stderr
        assert len(asked) == 5
        again = tenet_command(*prices, **environment)
        assert (again.returncode, "nothing is missing" in again.stderr) == (0, True)
        assert len(asked) == 5
    report = {one["source"]: one for one in json.loads(run.stdout)["sources"]}
    assert report["yahoo"]["landed"] == {"closes": 8, "fx_rates": 4}
    assert report["coingecko"]["landed"] == {"closes": 4}
    assert report["ecb"]["landed"] == {"fx_rates": 8}
    assert "new: 8 closes, 4 fx_rates" in run.stderr
    assert tenet_command("--home", home, "build", "--today", "2024-03-07").returncode == 0
    values = tenet.open(home).sql(
        "select security_id, price_source, market_value_base::varchar as value "
        "from daily_holding_values where valuation_date = '2024-03-07'"
    )
    assert sorted(values.rows()) == [
        ("BTC", "market", "600000.00"),
        ("VOD.L", "market", "8.75"),
        ("VTI", "market", "2500.00"),
        ("_CASH:EUR", "cash", "11.00"),
        ("_CASH:TWD", "cash", "0.30"),
    ]
    kept = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert not [content for content in kept if KEY.encode() in content]
    assert KEY not in run.stdout + run.stderr


def test_a_source_that_refuses_is_told_and_the_other_ones_prices_are_landed(
    tenet_command: Command, tmp_path: Path
) -> None:
    home = household(tmp_path, **holding("VTI", "_CASH:EUR", since="2024-03-05")).home
    refusal = answer("/v8/finance/chart/VTI", b"Too Many Requests", 429, **{"retry-after": "999"})
    with playing([refusal, bank(USD=1.1)]) as (url, _):
        run = tenet_command("--home", home, "--today", LATER, "prices", **at(url))
    assert run.returncode == 3, run.stderr
    assert "  rate_limit: " in run.stderr
    assert "1 not answered" in run.stderr
    assert landed_sources(home) == {"ecb"}


def landed_sources(home: Path) -> set[str]:
    from tenet.settings import load

    return {*landed(load(home), "market_requests", "source")}


def test_a_setting_that_is_no_address_and_sources_that_are_all_off_are_told(
    tenet_command: Command, tmp_path: Path
) -> None:
    home = household(tmp_path, **holding("VTI")).home
    run = tenet_command("--home", home, "prices", **at("http://example.com"))
    assert (run.returncode, "plain http is for this machine only" in run.stderr) == (2, True)
    off = {f"TENET_{name}__ENABLED": "false" for name in ("YAHOO", "COINGECKO", "ECB")}
    run = tenet_command("--home", home, "prices", **off)
    assert (run.returncode, "switched off" in run.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "2024-03-06", "--to", "2024-03-05"], "is after --to"),
        (["--from", LATER], "through the day before 2024-03-08"),
        (["--symbol", "VTU"], "did you mean VTI?"),
    ],
)
def test_what_cannot_be_asked_is_told_before_anyone_is_asked(
    tenet_command: Command, tmp_path: Path, arguments: list[str], told: str
) -> None:
    home = household(tmp_path, **holding("VTI", since="2024-03-05")).home
    with playing([]) as (url, asked):
        run = tenet_command("--home", home, "--today", LATER, "prices", *arguments, **at(url))
    assert (run.returncode, told in run.stderr, asked) == (2, True, [])


def test_prices_wait_for_no_other_writer(tenet_command: Command, tmp_path: Path) -> None:
    home = household(tmp_path, **holding("VTI")).home
    with writing(home, noon("2026-03-10")):
        run = tenet_command("--home", home, "prices")
    assert run.returncode == 75
    assert tenet_command("--home", tmp_path / "none", "prices").returncode == 2


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on posix")
def test_ctrl_c_does_not_wait_for_a_source_that_hangs(tmp_path: Path) -> None:
    home = household(tmp_path, **holding("VTI")).home
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "tenet", "--home", str(home), "prices"],
            stderr=subprocess.PIPE,
            env=os.environ | at(url),
        )
        asked, _ = listener.accept()
        with asked:  # and never answered
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
    assert (process.returncode, b"stopped" in said) == (130, True)
    assert landed_sources(home) == set()


# Marks


def test_a_mark_is_the_close_of_its_day_until_it_is_taken_back(
    tenet_command: Command, tmp_path: Path
) -> None:
    home = household(tmp_path, **holding("VTI", "_MAN:0123456789ab", since="2024-03-05")).home
    add(
        home,
        at=noon("2024-03-06"),
        snapshots="snapshot_id,observed_at\ns1,2024-03-05T12:00:00Z",
        holdings="snapshot_id,security_id,name\ns1,_MAN:0123456789ab,Garden shed",
    )
    mark = ("--home", home, "--today", "2024-03-08", "prices")
    assert tenet_command(*mark, "set", "vti", "2024-03-06", "1,250.50").returncode == 0
    assert tenet_command(*mark, "set", "Garden shed", "2024-03-07", "99").returncode == 0
    assert valued(tenet_command, home) == [
        ("VTI", "12505.00", "mark"),
        ("_MAN:0123456789ab", "990.00", "mark"),
    ]
    assert tenet_command(*mark, "unset", "VTI", "2024-03-06").returncode == 0
    assert valued(tenet_command, home)[0] == ("VTI", None, None)
    again = tenet_command(*mark, "unset", "VTI", "2024-03-06")
    assert (again.returncode, "2024-03-06" in again.stderr) == (2, True)


def valued(tenet_command: Command, home: Path) -> list[tuple[str, str | None, str | None]]:
    """Security, value and where its price is from, on 2024-03-07."""
    assert tenet_command("--home", home, "build", "--today", "2024-03-07").returncode == 0
    found = tenet.open(home).sql(
        "select security_id, market_value::varchar, "
        "case when price_date <= '2024-03-07' then 'mark' end "
        "from daily_holding_values where valuation_date = '2024-03-07' order by security_id"
    )
    return [(security_id, value, source) for security_id, value, source in found.rows()]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["set", "VTI", "2024-03-06", "0"], 2, "above zero"),
        (["set", "VTI", "2024-03-09", "1"], 2, "is after 2024-03-08"),
        (["set", "VTI", "2024-13-01", "1"], 2, "does not match"),
        (["set", "VTI", "2024-03-06", "dear"], 2, "is not a number"),
        (["set", "VTU", "2024-03-06", "1"], 2, "did you mean VTI?"),
        (["set", "VTI", "2024-03-06", "1", "--currency", "EURO"], 1, "not an ISO 4217 code"),
    ],
)
def test_a_mark_that_cannot_be_is_refused_and_nothing_is_landed(
    tenet_command: Command, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    settings = household(tmp_path, **holding("VTI", since="2024-03-05"))
    run = tenet_command("--home", settings.home, "--today", LATER, "prices", *arguments)
    assert (run.returncode, told in run.stderr) == (code, True), run.stderr
    assert landed(settings, "price_marks", "security_id") == []
