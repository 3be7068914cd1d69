"""What is asked of the market, how it is landed, and what a run that breaks off leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from markets import Bank, Market, add, asked_on, holding, household, landed, noon

import tenet
from tenet.build import build
from tenet.errors import ProviderSyncError
from tenet.landings import landings
from tenet.market.coingecko import CoinGecko
from tenet.market.registry import price_sources, rate_sources
from tenet.market.series import Series
from tenet.settings import load

if TYPE_CHECKING:
    from tenet.settings import Settings

DOWN = ProviderSyncError("connection", "no answer", retriable=True)
LIMIT = ProviderSyncError("rate_limit", "too many requests", retriable=True)


# What is asked


def test_a_security_is_asked_from_a_week_before_it_was_held_through_yesterday(
    tmp_path: Path,
) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    report = asked_on(settings, "2026-03-10", market)
    assert market.new_asks() == [("VTI", "2026-02-23", "2026-03-09")]
    assert report.exit_code == 0
    assert dict(report.sources[0].landed) == {"closes": 11}
    columns = "source, symbol, security_id, first_date, last_date, status"
    assert landed(settings, "market_requests", columns) == [
        "yahoo VTI VTI 2026-02-23 2026-03-09 ok"
    ]
    columns = "source, close, currency, basis, observed_at"
    assert landed(settings, "closes", columns, "price_date = '2026-03-09'") == [
        "yahoo 100 USD split_adjusted 2026-03-10T12"
    ]


def test_a_second_update_on_the_same_day_asks_for_nothing(tmp_path: Path) -> None:
    settings = household(tmp_path, **holding("VTI", "_CASH:EUR"))
    market, bank = Market(), Bank()
    asked_on(settings, "2026-03-10", market, bank)
    before = landings(settings.home)
    market.new_asks(), bank.new_asks()
    report = asked_on(settings, "2026-03-10", market, bank, at=noon("2026-03-10T18:00"))
    assert (market.asked, bank.asked, report.sources) == ([], [], ())
    assert landings(settings.home) == before


def test_after_thirty_days_each_symbol_is_asked_once_from_the_fifth_latest_close(
    tmp_path: Path,
) -> None:
    settings = household(tmp_path, **holding("VTI", "SAP.DE", "_CASH:EUR"))
    market, bank = Market(), Bank()
    asked_on(settings, "2026-03-10", market, bank)
    market.new_asks(), bank.new_asks()
    asked_on(settings, "2026-04-09", market, bank)
    assert market.new_asks() == [
        ("SAP.DE", "2026-03-03", "2026-04-08"),
        ("VTI", "2026-03-03", "2026-04-08"),
    ]
    assert bank.new_asks() == ["2026-03-10"]


def test_cash_synthetic_ids_and_failed_snapshots_need_no_price(tmp_path: Path) -> None:
    held = holding("USD", "SPAXX", "_CASH:USD", "_MAN:0123456789ab", "_ZERO_BALANCE")
    held["snapshots"] += "\ns2,2026-03-03T12:00:00Z"
    held["snapshots"] = held["snapshots"].replace("observed_at", "observed_at,status")
    held["snapshots"] = held["snapshots"].replace("2T12:00:00Z", "2T12:00:00Z,success")
    held["snapshots"] = held["snapshots"].replace("3T12:00:00Z", "3T12:00:00Z,failed")
    held["holdings"] += "\ns2,VTI"
    market, bank = Market(), Bank()
    report = asked_on(household(tmp_path, **held), "2026-03-10", market, bank)
    assert (market.asked, bank.asked, report.exit_code) == ([], [], 0)


def test_a_security_is_asked_until_the_last_day_on_which_it_is_held(tmp_path: Path) -> None:
    held = holding("OLD")
    held["snapshots"] += "\ns2,2026-03-05T12:00:00Z"
    held["holdings"] += "\ns2,NEW"
    held["account_edits"] = (
        "account_id,edited_at,active,deactivated_at\n"
        "a:1,2026-03-09T12:00:00Z,false,2026-03-07T12:00:00Z"
    )
    market = Market()
    asked_on(household(tmp_path, **held), "2026-03-20", market)
    assert market.new_asks() == [
        ("NEW", "2026-02-26", "2026-03-07"),
        ("OLD", "2026-02-23", "2026-03-04"),
    ]


def test_yesterday_is_that_of_the_home_and_not_of_utc(tmp_path: Path) -> None:
    settings = household(tmp_path, **holding("VTI"))
    settings = settings.model_copy(update={"timezone": "America/Los_Angeles"})
    market = Market()
    asked_on(settings, "2026-03-09", market, at=datetime(2026, 3, 10, 6, tzinfo=UTC))
    assert market.new_asks() == [("VTI", "2026-02-23", "2026-03-08")]


def test_of_an_imported_history_only_what_is_before_and_after_it_is_asked(tmp_path: Path) -> None:
    settings = household(
        tmp_path,
        **holding("VTI", since="2026-01-05"),
        closes="security_id,price_date,source,close,currency,basis,observed_at\n"
        "VTI,2026-01-02,file,100,USD,as_traded,2026-02-01T12:00:00Z\n"
        "VTI,2026-01-30,file,100,USD,as_traded,2026-02-01T12:00:00Z\n",
    )
    market = Market()
    asked_on(settings, "2026-02-10", market)
    assert market.new_asks() == [
        ("VTI", "2025-12-29", "2026-01-01"),
        ("VTI", "2026-01-31", "2026-02-09"),
    ]
    asked_on(settings, "2026-02-10", market)
    assert market.asked == []


def test_an_older_snapshot_asks_for_what_is_missing_before(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    asked_on(settings, "2026-03-10", market)
    add(
        settings.home,
        at=noon("2026-03-10"),
        snapshots="snapshot_id,observed_at\ns0,2026-01-12T12:00:00Z",
        holdings="snapshot_id,security_id\ns0,VTI",
    )
    market.new_asks()
    asked_on(settings, "2026-03-10", market)
    assert market.new_asks() == [("VTI", "2026-01-05", "2026-02-22")]


def test_a_backfill_asks_for_the_days_given_that_are_not_covered(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI", "SPY")), Market()
    asked_on(settings, "2026-03-10", market)
    market.new_asks()
    span = {"first": date(2026, 2, 2), "last": date(2026, 3, 6)}
    asked_on(settings, "2026-03-10", market, only=["VTI"], **span)
    assert market.new_asks() == [("VTI", "2026-02-02", "2026-02-22")]
    asked_on(settings, "2026-03-10", market, only=["VTI"], **span)
    assert market.asked == []


def test_a_gap_between_two_ranges_is_asked(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI", since="2025-11-03")), Market()
    asked_on(settings, "2026-03-10", market, first=date(2025, 11, 3), last=date(2025, 11, 7))
    asked_on(settings, "2026-03-10", market, first=date(2026, 3, 2), last=date(2026, 3, 6))
    market.new_asks()
    asked_on(settings, "2026-03-10", market)
    assert market.new_asks() == [
        ("VTI", "2025-10-27", "2025-11-02"),
        ("VTI", "2025-11-03", "2026-03-01"),
        ("VTI", "2026-03-02", "2026-03-09"),
    ]


def test_a_day_that_was_not_over_at_the_source_is_asked_again(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    market.said["VTI"] = {"through": date(2026, 3, 8)}
    asked_on(settings, "2026-03-10", market)
    assert "2026-03-09" not in landed(settings, "closes", "price_date")
    market.said.clear()
    market.new_asks()
    asked_on(settings, "2026-03-10", market)
    assert market.new_asks() == [("VTI", "2026-03-02", "2026-03-09")]


def test_an_unknown_symbol_is_asked_again_with_growing_pauses_and_at_once_by_name(
    tmp_path: Path,
) -> None:
    settings, market = household(tmp_path, **holding("NOPE")), Market()
    market.said["NOPE"] = {"status": "unknown", "closes": (), "through": None}
    day, asked = date(2026, 3, 10), []
    assert asked_on(settings, f"{day}", market).exit_code == 0
    market.new_asks()
    for pause in (1, 2, 4, 8, 16, 30, 30):
        for days in (pause - 1, pause):
            asked_on(settings, f"{day + timedelta(days=days)}", market)
            asked.append(len(market.new_asks()))
        day += timedelta(days=pause)
    assert asked == [0, 1] * 7
    asked_on(settings, f"{day}", market, only=["NOPE"])
    assert market.new_asks() == [("NOPE", "2026-02-23", f"{day - timedelta(days=1)}")]


def test_a_failed_symbol_is_asked_again_by_the_next_run(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI", "SPY")), Market()
    market.said["VTI"] = {"status": "failed", "closes": (), "message": "garbled"}
    report = asked_on(settings, "2026-03-10", market)
    (source,) = report.sources
    assert [(one.security_id, one.message) for one in source.failed] == [("VTI", "garbled")]
    assert (source.ok, report.exit_code) == (1, 3)
    market.said.clear()
    market.new_asks()
    asked_on(settings, "2026-03-10", market)
    assert market.new_asks() == [("VTI", "2026-02-23", "2026-03-09")]


def test_a_coin_is_asked_by_the_id_that_was_found_unless_the_user_names_another(
    tmp_path: Path,
) -> None:
    held = holding("BTC")
    held["holdings"] = "snapshot_id,security_id,asset_type\ns1,BTC,crypto"
    settings, market = household(tmp_path, **held), Market(name="coingecko")
    asked_on(settings, "2026-03-10", market)
    asked_on(settings, "2026-03-11", market)
    assert [ask.symbol for ask in market.asked] == [None, "btc-found"]
    add(
        settings.home,
        at=noon("2026-03-11"),
        security_edits="security_id,edited_at,price_symbol\nBTC,2026-03-11T12:00:00Z,bitcoin",
    )
    market.asked.clear()
    asked_on(settings, "2026-03-11", market)
    assert [(ask.symbol, f"{ask.first}") for ask in market.asked] == [("bitcoin", "2026-02-23")]


def test_two_securities_of_one_symbol_are_each_asked_and_covered(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("BRK.B", "BRK/B")), Market()
    asked_on(settings, "2026-03-10", market)
    assert [ask.symbol for ask in market.asked] == ["BRK-B", "BRK-B"]
    asked_on(settings, "2026-03-10", market)
    assert len(market.asked) == 2


def test_a_security_without_a_source_is_named(tmp_path: Path) -> None:
    settings = household(tmp_path, **holding("AAPL  261218C00200000"))
    report = asked_on(settings, "2026-03-10", Market())
    assert report.without_source == ("AAPL  261218C00200000",)
    assert report.exit_code == 0


# Exchange rates


def test_rates_are_asked_only_where_a_currency_is_held_that_is_not_the_base(
    tmp_path: Path,
) -> None:
    settings, bank = household(tmp_path, **holding("VTI")), Bank()
    asked_on(settings, "2026-03-10", Market(), bank)
    assert bank.asked == []


def test_all_rates_that_a_source_gives_are_landed_and_only_new_ones_later(tmp_path: Path) -> None:
    settings, bank = household(tmp_path, **holding("_CASH:EUR")), Bank()
    report = asked_on(settings, "2026-03-10", bank)
    assert dict(report.sources[0].landed) == {"fx_rates": 22}
    report = asked_on(settings, "2026-03-11", bank)
    assert dict(report.sources[0].landed) == {"fx_rates": 2}
    columns = "source, symbol, security_id, first_date, last_date, status"
    assert landed(settings, "market_requests", columns)[0] == ("ecb EUR - 2026-02-23 2026-03-09 ok")


def test_a_close_in_another_currency_brings_its_rate_in_the_same_run(tmp_path: Path) -> None:
    settings, market, bank = household(tmp_path, **holding("VOD.L")), Market(), Bank()
    market.said["VOD.L"] = {"currency": "GBp"}
    asked_on(settings, "2026-03-10", market, bank)
    assert bank.new_asks() == ["2026-02-23"]


def test_a_currency_that_the_source_of_rates_lacks_is_asked_as_a_pair_in_the_same_run(
    tmp_path: Path,
) -> None:
    settings = household(tmp_path, **holding("_CASH:TWD", "_CASH:GBP"))
    market, bank = Market(closes=lambda *_: Decimal("0.031")), Bank()
    asked_on(settings, "2026-03-10", market, bank)
    assert market.new_asks() == [("TWDUSD=X", "2026-02-23", "2026-03-09")]
    columns = "source, currency, quote_currency, rate_date, rate"
    assert landed(settings, "fx_rates", columns, "source = 'yahoo'")[-1] == (
        "yahoo TWD USD 2026-03-09 0.031"
    )
    assert landed(settings, "closes", "security_id") == []
    asked_on(settings, "2026-03-10", market, bank)
    assert market.asked == []
    asked_on(settings, "2026-03-12", market, bank)
    assert market.new_asks() == [("TWDUSD=X", "2026-03-10", "2026-03-11")]


def test_a_source_of_rates_that_is_down_does_not_send_its_currencies_elsewhere(
    tmp_path: Path,
) -> None:
    settings = household(tmp_path, **holding("_CASH:GBP", "VTI"))
    market, bank = Market(), Bank(broken=DOWN)
    report = asked_on(settings, "2026-03-10", market, bank)
    assert [ask.security_id for ask in market.asked] == ["VTI"]
    assert report.exit_code == 3
    assert {one.source: str(one.stopped) for one in report.sources}["ecb"] == "no answer"


def test_a_rate_of_yesterday_that_is_not_out_is_asked_again_after_an_hour(tmp_path: Path) -> None:
    settings = household(tmp_path, **holding("_CASH:EUR"))
    bank = Bank(out=lambda day, at: day < at.date() - timedelta(days=1))
    asked_on(settings, "2026-03-10", bank)
    asked_on(settings, "2026-03-10", bank, at=noon("2026-03-10") + timedelta(minutes=59))
    assert bank.new_asks() == ["2026-02-23"]
    asked_on(settings, "2026-03-10", bank, at=noon("2026-03-10") + timedelta(minutes=61))
    assert bank.new_asks() == ["2026-03-09"]
    asked_on(settings, "2026-03-10", Bank(), at=noon("2026-03-10") + timedelta(hours=3))
    asked_on(settings, "2026-03-10", bank, at=noon("2026-03-10") + timedelta(hours=6))
    assert bank.asked == []


def test_a_weekend_needs_no_rate(tmp_path: Path) -> None:
    settings, bank = household(tmp_path, **holding("_CASH:EUR")), Bank()
    asked_on(settings, "2026-03-08", bank)  # a Sunday
    bank.new_asks()
    asked_on(settings, "2026-03-08", bank, at=noon("2026-03-08") + timedelta(hours=3))
    assert bank.asked == []


def test_imported_rates_are_not_asked_for_again(tmp_path: Path) -> None:
    settings = household(
        tmp_path,
        **holding("_CASH:GBP"),
        fx_rates="currency,quote_currency,rate_date,source,rate,observed_at\n"
        "GBP,USD,2026-02-20,file,1.3,2026-03-07T12:00:00Z\n"
        "GBP,USD,2026-03-06,file,1.3,2026-03-07T12:00:00Z\n",
    )
    bank = Bank()
    asked_on(settings, "2026-03-10", bank)
    assert bank.asked == [date(2026, 3, 7)]


# What is landed


def test_an_equal_close_keeps_the_moment_at_which_it_was_first_seen(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    asked_on(settings, "2026-03-10", market)
    market.closes = lambda _, day, __: Decimal(101 if day == date(2026, 3, 9) else 100)
    asked_on(settings, "2026-03-11", market)
    columns = "price_date, close, observed_at"
    assert landed(settings, "closes", columns, "price_date >= '2026-03-06'") == [
        "2026-03-06 100 2026-03-10T12",
        "2026-03-09 100 2026-03-10T12",
        "2026-03-09 101 2026-03-11T12",
        "2026-03-10 100 2026-03-11T12",
    ]


def test_splits_and_dividends_are_landed_once_and_again_when_changed(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    market.said["VTI"] = {"dividends": ((date(2026, 3, 4), Decimal("0.5")),)}
    assert asked_on(settings, "2026-03-10", market).sources[0].landed["dividends"] == 1
    assert "dividends" not in asked_on(settings, "2026-03-11", market).sources[0].landed
    market.said["VTI"] = {"dividends": ((date(2026, 3, 4), Decimal("0.6")),)}
    assert asked_on(settings, "2026-03-12", market).sources[0].landed["dividends"] == 1
    assert landed(settings, "dividends", "amount, observed_at") == [
        "0.5 2026-03-10T12",
        "0.6 2026-03-12T12",
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"currency": "XYZ"}, "'XYZ' is not an ISO 4217 code"),
        ({"currency": None}, "closes.currency: has no value"),
        ({"closes": ((date(2026, 3, 4), Decimal("NaN")),)}, "closes.close: has no value"),
        ({"closes": ((date(2026, 3, 4), Decimal("1e30")),)}, "closes.close: has no value"),
        ({"splits": ((date(2026, 3, 4), Decimal(0)),)}, "is not a number above zero"),
    ],
)
def test_an_answer_that_cannot_be_landed_fails_alone(
    tmp_path: Path, said: dict[str, Any], told: str
) -> None:
    settings, market = household(tmp_path, **holding("BAD", "SPY", "VTI")), Market()
    market.said["BAD"] = said
    report = asked_on(settings, "2026-03-10", market)
    (source,) = report.sources
    assert (source.ok, [one.security_id for one in source.failed]) == (2, ["BAD"])
    assert told in str(source.failed[0].message)
    assert landed(settings, "market_requests", "security_id, status") == [
        "BAD failed",
        "SPY ok",
        "VTI ok",
    ]


# Splits: 10 units at 100 until Friday 2026-03-13, then 4 for 1, so 40 units at 25.

SPLIT = date(2026, 3, 16)


def splitting(market: Market, *, worked_in: str, told: str) -> None:
    """Let VTI be split: the source works it into the past, and tells of it, from these days on."""

    def closes(_: str, day: date, at: datetime) -> Decimal:
        is_restated = at.date() >= date.fromisoformat(worked_in)
        return Decimal(25 if day >= SPLIT or is_restated else 100)

    def told_splits(ask_at: datetime) -> None:
        is_told = ask_at.date() >= date.fromisoformat(told)
        market.splits = {"VTI": {SPLIT: Decimal(4)}} if is_told else {}

    market.closes = closes
    market.tell = told_splits  # type: ignore[attr-defined]


def values_seen(settings: Settings, market: Market) -> dict[date, set[Decimal]]:
    """What builds of some days of March tell of each day before, with prices updated in between."""
    found: dict[date, set[Decimal]] = {}
    for day in (12, 13, 16, 17, 18, 19, 20, 24, 27, 30):
        at = noon(f"2026-03-{day}")
        market.tell(at)  # type: ignore[attr-defined]
        asked_on(settings, f"{at.date()}", market)
        if day not in (16, 17, 19, 27, 30):
            continue
        build(settings, through=at.date(), at=at)
        table = tenet.open(settings.home).read("net_worth_daily")
        for past, worth in table.select("valuation_date", "net_worth").iter_rows():
            if past < at.date():
                found.setdefault(past, set()).add(worth)
    return found


@pytest.mark.parametrize(
    ("worked_in", "told"),
    [
        pytest.param("2026-03-17", "2026-03-17", id="on time"),
        pytest.param("2026-03-16", "2026-03-17", id="worked in on the morning, told the day after"),
        pytest.param("2026-03-18", "2026-03-17", id="told, worked in a day later"),
        pytest.param("2026-03-27", "2026-03-17", id="told, worked in beyond the overlap"),
        pytest.param("2026-03-17", "2026-03-19", id="worked in, told days later"),
    ],
)
def test_a_past_day_is_worth_the_same_whenever_a_split_is_told_and_worked_in(
    tmp_path: Path, worked_in: str, told: str
) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    splitting(market, worked_in=worked_in, told=told)
    found = values_seen(settings, market)
    assert set.union(*(worth for day, worth in found.items() if day < SPLIT)) == {Decimal(1000)}
    assert found[date(2026, 3, 29)] == {Decimal(1000)}
    assert landed(settings, "splits", "split_date, ratio") == ["2026-03-16 4"]


def test_a_series_that_came_back_restated_is_asked_for_whole_in_the_same_run(
    tmp_path: Path,
) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    splitting(market, worked_in="2026-03-17", told="2026-03-17")
    asked_on(settings, "2026-03-16", market)
    market.new_asks()
    market.splits = {"VTI": {SPLIT: Decimal(4)}}
    report = asked_on(settings, "2026-03-17", market)
    assert market.new_asks() == [
        ("VTI", "2026-03-09", "2026-03-16"),
        ("VTI", "2026-02-23", "2026-03-16"),
    ]
    assert (report.sources[0].asked, report.exit_code) == (1, 0)
    assert len(landed(settings, "closes", "price_date", "close = 25")) == 16
    asked_on(settings, "2026-03-17", market)
    assert market.asked == []


def test_a_past_that_changed_by_the_ratio_of_a_split_waits_five_days_for_the_split(
    tmp_path: Path,
) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    asked_on(settings, "2026-03-10", market)
    market.closes = lambda *_: Decimal(50)
    report = asked_on(settings, "2026-03-11", market)
    (problem,) = report.sources[0].failed
    assert problem.message == (
        "its past came back 2 times lower, and no split tells why; waiting for one"
    )
    assert (report.sources[0].left, report.exit_code) == (0, 1)
    assert landed(settings, "closes", "price_date", "close = 50") == []
    asked_on(settings, "2026-03-16", market)
    assert landed(settings, "closes", "price_date", "close = 50") == []
    report = asked_on(settings, "2026-03-17", market)
    assert report.exit_code == 0
    assert len(landed(settings, "closes", "price_date", "close = 50")) == 16


def test_a_correction_of_one_close_is_landed_and_asks_for_nothing_more(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    asked_on(settings, "2026-03-10", market)
    market.new_asks()
    market.closes = lambda _, day, __: Decimal(50 if day == date(2026, 3, 9) else 100)
    asked_on(settings, "2026-03-11", market)
    assert len(market.new_asks()) == 1
    assert landed(settings, "closes", "close", "price_date = '2026-03-09'") == ["50", "100"]


def test_a_split_told_late_asks_for_the_whole_series_in_the_same_run(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    asked_on(settings, "2026-03-20", market)
    market.new_asks()
    market.splits = {"VTI": {SPLIT: Decimal(4)}}
    asked_on(settings, "2026-03-21", market)
    assert market.new_asks() == [
        ("VTI", "2026-03-13", "2026-03-20"),
        ("VTI", "2026-02-23", "2026-03-20"),
    ]


def test_a_split_that_is_not_worked_in_is_looked_after_once_a_day_for_a_fortnight(
    tmp_path: Path,
) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    splitting(market, worked_in="2027-01-01", told="2026-03-17")
    asked = []
    for number in (0, 1, 2, 14, 15, 16):
        day = f"{date(2026, 3, 16) + timedelta(days=number)}"
        market.tell(noon(day))  # type: ignore[attr-defined]
        for hours in (0, 3):
            asked_on(settings, day, market, at=noon(day) + timedelta(hours=hours))
        asked.append([first for _, first, _ in market.new_asks()].count("2026-02-23"))
    assert asked == [1, 1, 1, 1, 0, 0]


def test_another_symbol_at_another_level_is_no_split(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    asked_on(settings, "2026-03-10", market)
    market.closes = lambda *_: Decimal(50)
    add(
        settings.home,
        at=noon("2026-03-10"),
        security_edits="security_id,edited_at,price_symbol\nVTI,2026-03-10T12:00:00Z,VTI.L",
    )
    market.new_asks()
    report = asked_on(settings, "2026-03-11", market)
    assert market.new_asks() == [("VTI", "2026-02-23", "2026-03-10")]
    assert report.exit_code == 0
    assert len(landed(settings, "closes", "price_date", "close = 50")) == 12


def test_days_that_were_not_asked_or_are_not_over_are_not_landed(tmp_path: Path) -> None:
    settings, market = household(tmp_path, **holding("VTI")), Market()
    days = (date(2026, 2, 20), date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10))
    market.said["VTI"] = {
        "closes": tuple((day, Decimal(100)) for day in days),
        "through": date(2026, 3, 8),
    }
    asked_on(settings, "2026-03-10", market)
    assert landed(settings, "closes", "price_date") == ["2026-03-06"]


# What breaks off

HUNDRED = [f"S{number:03}" for number in range(100)]


def test_answers_are_landed_in_batches_each_with_its_requests(tmp_path: Path) -> None:
    settings = household(tmp_path, **holding(*HUNDRED))
    report = asked_on(settings, "2026-03-10", Market())
    assert [one.datasets for one in report.landings] == [("closes", "market_requests")] * 3
    assert sorted(one.landing_id for one in report.landings) == [
        one.landing_id for one in report.landings
    ]


def test_a_source_that_stops_leaves_the_rest_to_the_next_run_and_stops_no_other(
    tmp_path: Path,
) -> None:
    settings = household(tmp_path, **holding(*HUNDRED, "_CASH:EUR"))
    market, bank = Market(broken=(51, LIMIT)), Bank()
    report = asked_on(settings, "2026-03-10", market, bank)
    yahoo, ecb = report.sources
    assert (yahoo.ok, yahoo.left, yahoo.stopped) == (50, 50, LIMIT)
    assert (ecb.ok, report.exit_code) == (1, 3)
    market.broken = None
    market.new_asks()
    report = asked_on(settings, "2026-03-10", market, bank)
    assert [security_id for security_id, *_ in market.new_asks()] == HUNDRED[50:]
    assert report.exit_code == 0


def test_sources_that_give_nothing_at_all_make_the_exit_code_1(tmp_path: Path) -> None:
    settings = household(tmp_path, **holding("VTI", "_CASH:EUR"))
    report = asked_on(settings, "2026-03-10", Market(broken=(1, DOWN)), Bank(broken=DOWN))
    assert (report.exit_code, report.landings) == (1, ())


def test_a_bug_in_a_source_is_recorded_without_its_secret(tmp_path: Path) -> None:
    market = Market(broken=(1, ValueError("bad key hush-hush")))
    market.secrets = ("hush-hush",)  # type: ignore[attr-defined]
    report = asked_on(household(tmp_path, **holding("VTI")), "2026-03-10", market)
    assert str(report.sources[0].stopped) == "ValueError: bad key ***"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_what_was_answered_before_an_interruption_is_landed(
    tmp_path: Path, raised: type[BaseException]
) -> None:
    settings = household(tmp_path, **holding("AAA", "BBB", "CCC"))
    market = Market(broken=(3, raised()))
    with pytest.raises(raised):
        asked_on(settings, "2026-03-10", market)
    market.broken = None
    market.new_asks()
    asked_on(settings, "2026-03-10", market)
    assert [security_id for security_id, *_ in market.new_asks()] == ["CCC"]


def test_a_source_that_answers_for_what_was_not_asked_is_stopped(tmp_path: Path) -> None:
    settings = household(tmp_path, **holding("VTI"))
    market = Market()
    market.fetch = lambda asks, **_: iter(  # type: ignore[method-assign, misc]
        [Series(replace(asks[0], symbol="X"), "X", "ok")]
    )
    report = asked_on(settings, "2026-03-10", market)
    assert (report.exit_code, report.sources[0].left) == (1, 1)


KILLED = """
import os, signal, sys, time
from pathlib import Path
from markets import Market, asked_on
from tenet.settings import load

home = Path(sys.argv[1])

def closes(symbol, day, at):
    if symbol == "S090":
        while not [*home.glob("raw/prices/*/*")]:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)

asked_on(load(home, timezone="UTC"), "2026-03-10", Market(closes))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 is posix only")
def test_a_run_killed_between_two_batches_is_taken_up_where_it_was(tmp_path: Path) -> None:
    settings = household(tmp_path, **holding(*HUNDRED))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(settings.home)],
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )
    assert killed.returncode == -signal.SIGKILL
    done = len(landings(settings.home)) - 1
    market = Market()
    asked_on(settings, "2026-03-10", market)
    assert done in (1, 2)
    assert [security_id for security_id, *_ in market.new_asks()] == HUNDRED[40 * done :]


# Which sources there are


def test_sources_are_used_unless_switched_off_and_a_key_may_be_in_the_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = household(tmp_path, **holding("VTI"))
    kept = {("tenet", "coingecko.api_key"): "kept"}
    monkeypatch.setattr(keyring, "get_password", lambda *entry: kept.get(entry))
    yahoo, coins = price_sources(settings)
    assert (yahoo.name, [one.name for one in rate_sources(settings)]) == ("yahoo", ["ecb"])
    assert isinstance(coins, CoinGecko)
    assert coins.api_key == "kept"
    off = load(settings.home, yahoo={"enabled": False}, ecb={"enabled": False})
    assert [one.name for one in price_sources(off)] == ["coingecko"]
    assert rate_sources(off) == []
