"""Prices and rates of a range of days, for what was held in it."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from market_hosts import market_hosts
from markets import Bank, Market, household, landed, noon

import tenet
from tenet.errors import NotFound, ProviderSyncError
from tenet.refresh.held import accounts_of
from tenet.refresh.run import backfill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    from tenet.refresh.report import RefreshReport
    from tenet.settings import Settings

    Command = Callable[..., Run]

HOUSEHOLD = {
    "accounts": "account_id,name\na:1,Depot\na:2,Pension",
    "account_edits": "account_id,edited_at,portfolio\na:2,2024-01-01T00:00:00Z,Old age",
    "snapshots": (
        "snapshot_id,account_id,observed_at\n"
        "1,a:1,2024-01-02T12:00:00Z\n2,a:1,2024-03-01T12:00:00Z\n3,a:2,2024-01-02T12:00:00Z"
    ),
    "holdings": (
        "snapshot_id,account_id,security_id\n1,a:1,AAPL\n2,a:1,MSFT\n3,a:2,VTI\n3,a:2,_CASH:EUR"
    ),
}
"""AAPL until March, then MSFT; VTI and euros all the time."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return household(tmp_path, **HOUSEHOLD)


def run(
    settings: Settings, first: str, last: str, *sources: Any, accounts: set[str] | None = None
) -> RefreshReport:
    """A backfill at noon of 2024-03-15."""
    return backfill(
        settings,
        [source for source in sources if isinstance(source, Market)],
        [source for source in sources if isinstance(source, Bank)],
        (date.fromisoformat(first), date.fromisoformat(last)),
        accounts,
        through=date(2024, 3, 15),
        at=noon("2024-03-15"),
        pause=lambda _: None,
    )


def test_what_was_held_in_the_range_is_asked_for_its_days_and_nothing_else(
    settings: Settings,
) -> None:
    market, bank = Market(), Bank()
    report = run(settings, "2024-02-05", "2024-02-09", market, bank)
    assert market.new_asks() == [
        ("AAPL", "2024-02-05", "2024-02-09"),
        ("VTI", "2024-02-05", "2024-02-09"),
    ]
    assert bank.new_asks() == ["2024-02-05"]
    assert (report.exit_code, set(report.held)) == (0, {"AAPL", "VTI", "_CASH:EUR"})
    run(settings, "2024-02-05", "2024-02-09", market, bank)
    assert (market.new_asks(), bank.new_asks()) == ([], [])


@pytest.mark.parametrize(
    ("account", "portfolio", "asked"),
    [
        ("Depot", None, ["AAPL", "MSFT"]),
        ("a:2", None, ["VTI"]),
        (None, "Old age", ["VTI"]),
        (None, "unassigned", ["AAPL", "MSFT"]),
    ],
)
def test_only_what_an_account_or_a_portfolio_held_is_asked_for(
    settings: Settings, account: str | None, portfolio: str | None, asked: list[str]
) -> None:
    market = Market()
    accounts = accounts_of(settings.home, account, portfolio)
    run(settings, "2024-02-26", "2024-03-08", market, Bank(), accounts=set(accounts or ()))
    assert [security for security, *_ in market.new_asks()] == asked


@pytest.mark.parametrize("names", [("Nobody", None), (None, "Nothing")])
def test_an_unknown_account_or_portfolio_is_refused(
    settings: Settings, names: tuple[str | None, str | None]
) -> None:
    with pytest.raises(NotFound):
        accounts_of(settings.home, *names)


def test_a_range_in_which_nothing_was_held_asks_nobody(settings: Settings) -> None:
    market = Market()
    report = run(settings, "2023-01-02", "2023-01-06", market)
    assert (report.held, market.new_asks(), report.exit_code) == ((), [], 0)


def test_a_day_without_a_price_has_the_one_before_and_never_a_later_one(
    settings: Settings,
) -> None:
    lacking = date(2024, 2, 7)
    market = Market(closes=lambda _, day, __: None if day == lacking else 100 + day.day)  # type: ignore[arg-type,return-value]
    run(settings, "2024-02-05", "2024-02-09", market)
    found = tenet.open(settings.home).sql(
        "select valuation_date::varchar, close_price::integer, price_date::varchar, price_source "
        "from daily_holding_values where security_id = 'AAPL' "
        "and valuation_date between '2024-02-04' and '2024-02-10' order by 1"
    )
    assert found.rows() == [
        ("2024-02-04", None, None, None),
        ("2024-02-05", 105, "2024-02-05", "market"),
        ("2024-02-06", 106, "2024-02-06", "market"),
        ("2024-02-07", 106, "2024-02-06", "carry_forward"),
        ("2024-02-08", 108, "2024-02-08", "market"),
        ("2024-02-09", 109, "2024-02-09", "market"),
        ("2024-02-10", 109, "2024-02-09", "carry_forward"),
    ]


def test_one_failure_stops_no_other_and_is_listed(settings: Settings) -> None:
    market = Market(said={"AAPL": {"status": "failed", "closes": (), "message": "HTTP 500"}})
    bank = Bank(broken=ProviderSyncError("connection", "no answer"))
    report = run(settings, "2024-02-05", "2024-02-09", market, bank)
    assert (report.exit_code, report.is_built) == (3, True)
    assert {(one.what, one.message) for one in report.failures} == {
        ("yahoo AAPL", "HTTP 500"),
        ("ecb", "no answer"),
    }
    assert len(landed(settings, "closes", "price_date", "security_id = 'VTI'")) == 5


def test_with_everything_down_the_numbers_stay_and_the_exit_code_is_3(settings: Settings) -> None:
    down = ProviderSyncError("connection", "no answer")
    report = run(settings, "2024-02-05", "2024-02-09", Market(broken=(1, down)), Bank(broken=down))
    assert (report.exit_code, report.is_built) == (3, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "2024-02-09", "--to", "2024-02-05"], "is after --to 2024-02-05"),
        (["--from", "2024-02-09", "--to", "2024-03-15"], "the last day with a close is 2024-03-14"),
        (["--from", "2024-02-09", "--to", "2099-01-01"], "is not over yet"),
        (["--from", "2024-02-09"], "--to"),
        (["--from", "2024-02-30", "--to", "2024-03-01"], "2024-02-30"),
        (["--from", "2024-02-05", "--to", "2024-02-09", "--account", "Depo"], "no one account"),
        (["--from", "2024-02-05", "--to", "2024-02-09", "--portfolio", "X"], "no one portfolio"),
        (
            ["--from", "2024-02-05", "--to", "2024-02-09", "--account", "a", "--portfolio", "b"],
            "cannot go together",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_and_says_why(
    tenet_command: Command, settings: Settings, options: list[str], words: str
) -> None:
    run = tenet_command("--home", settings.home, "--today", "2024-03-15", "backfill", *options)
    assert (run.returncode, run.stdout) == (2, "")
    assert words in " ".join(run.stderr.split())
    assert not (settings.home / "tenet.duckdb").exists()


def test_a_backfill_over_the_wire_asks_each_symbol_once_and_reports(
    tenet_command: Command, settings: Settings
) -> None:
    with market_hosts(date(2024, 3, 15), AAPL="100", VTI="200") as hosts:
        command = ("--home", settings.home, "--today", "2024-03-15", "backfill", "--json")
        days = ("--from", "2024-02-05", "--to", "2024-02-09")
        run = tenet_command(*command, *days, **hosts.environment)
        assert run.returncode == 0, run.stderr
        assert hosts.taken() == ["AAPL", "VTI", "eurofxref-hist.zip"]
        again = tenet_command(*command, *days, "--account", "Depot", **hosts.environment)
        assert (again.returncode, hosts.taken()) == (0, [])
    landed_rows = json.loads(run.stdout)["prices"]["landed"]
    assert landed_rows["closes"] == 10
    assert json.loads(again.stdout)["prices"]["asked"] == 0
