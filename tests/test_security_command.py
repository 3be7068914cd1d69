"""`tenet security`: what is known of a security, and the user's own words about it."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from markets import Market, add, asked_on, holding, household, landed, noon

from tenet.errors import NotFound
from tenet.prices.securities import find_security, securities

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    from tenet.settings import Settings

    Command = Callable[..., Run]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """VTI is priced and was split; a shed and a fund have names; cash is no security."""
    held = holding("VTI", "_CASH:EUR")
    held["holdings"] = (
        "snapshot_id,security_id,name\ns1,VTI,Total Market\ns1,_CASH:EUR,Cash\n"
        "s1,_MAN:0123456789ab,Garden shed\ns1,_MAN:ba9876543210,Garden shed\n"
        "s1,_SF:01234567,Private fund"
    )
    settings = household(tmp_path, **held)
    market = Market(splits={"VTI": {date(2026, 3, 4): Decimal(4)}})
    asked_on(settings, "2026-03-10", market)
    return settings


def test_securities_are_listed_by_symbol_then_by_name_and_cash_is_none(
    settings: Settings,
) -> None:
    listed = [(row["symbol"], row["name"], row["is_held"]) for row in securities(settings.home)]
    assert listed == [
        ("VTI", "Total Market", True),
        (None, "Garden shed", True),
        (None, "Garden shed", True),
        (None, "Private fund", True),
    ]


def test_a_security_is_found_by_its_symbol_its_name_and_its_id(settings: Settings) -> None:
    for wanted in ("vti", "total market"):
        assert find_security(settings.home, wanted)["security_id"] == "VTI"
    for wanted in ("Private Fund", "_SF:01234567"):
        assert find_security(settings.home, wanted)["security_id"] == "_SF:01234567"
    for wanted in ("Garden shed", "Garten", "_CASH:EUR", ""):
        with pytest.raises(NotFound):
            find_security(settings.home, wanted)


def test_what_is_set_is_landed_alone_and_the_next_prices_follow_it(
    tenet_command: Command, settings: Settings
) -> None:
    command = ("--home", settings.home, "security", "set")
    assert tenet_command(*command, "VTI", "--price-symbol", "VTI.L").returncode == 0
    assert tenet_command(*command, "Private fund", "--name", "Fund", "--asset-class", "Bonds")
    columns = "security_id, price_symbol, price_source, name, asset_class"
    assert landed(settings, "security_edits", columns) == [
        "VTI VTI.L - - -",
        "_SF:01234567 - - Fund Bonds",
    ]
    market = Market()
    asked_on(settings, "2026-03-10", market)
    assert [(ask.symbol, f"{ask.first}") for ask in market.asked] == [("VTI.L", "2026-02-23")]
    assert find_security(settings.home, "fund")["asset_class"] == "Bonds"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["VTI"], "say what to change"),
        (["VTI", "--name", " "], "--name is blank"),
        (["VTI", "--price-source", "bloomberg"], "is not one of"),
        (["VTU", "--name", "x"], "did you mean VTI?"),
        (["Garden shed", "--name", "x"], "no one security 'Garden shed'"),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_is_landed(
    tenet_command: Command, settings: Settings, arguments: list[str], told: str
) -> None:
    run = tenet_command("--home", settings.home, "security", "set", *arguments)
    assert (run.returncode, told in run.stderr) == (2, True), run.stderr
    assert landed(settings, "security_edits", "security_id") == []


def test_show_tells_the_route_the_closes_the_last_request_splits_and_marks(
    tenet_command: Command, settings: Settings
) -> None:
    add(
        settings.home,
        at=noon("2026-03-11"),
        price_marks="security_id,price_date,edited_at,price\n"
        "VTI,2026-03-05,2026-03-11T12:00:00Z,101.50\nVTI,2026-03-06,2026-03-11T12:00:00Z,\n",
    )
    run = tenet_command("--home", settings.home, "security", "show", "vti")
    assert run.stdout.splitlines() == [
        "VTI  Total Market",
        "  route   yahoo VTI",
        "  closes  yahoo 2026-02-23 to 2026-03-09, 11 days; last 100 USD",
        "  asked   yahoo VTI 2026-03-10 12:00 UTC: ok, 2026-02-23 to 2026-03-09",
        "  split   2026-03-04 4 for 1",
        "  mark    2026-03-05 101.5 USD",
    ]
    shed = tenet_command("--home", settings.home, "security", "show", "Private fund", "--json")
    found = json.loads(shed.stdout)
    assert (found["route"], found["closes"], found["name"]) == (None, [], "Private fund")


def test_list_prints_names_and_no_synthetic_id(tenet_command: Command, settings: Settings) -> None:
    run = tenet_command("--home", settings.home, "security", "list", "--json")
    rows = json.loads(run.stdout)
    assert [row["name"] for row in rows].count("Garden shed") == 2
    assert "_MAN" not in run.stdout
    assert rows[0]["last_close_date"] == "2026-03-09"
