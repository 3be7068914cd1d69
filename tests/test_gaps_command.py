"""`tenet gaps`: damage to the published file found, planned and mended; prices fetched for gaps."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from conftest import AT, write_folder
from markets import Bank, Market, add, holding, household, noon

import tenet
from tenet import coverage, lake, reports
from tenet.build import build
from tenet.errors import DayTooEarly, NoBuild, NotFound
from tenet.home import published, writing
from tenet.repair import plan, repair
from tenet.settings import load
from tenet.verification import damage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    from tenet.repair import Plan, Repaired
    from tenet.settings import Settings

    Command = Callable[..., Run]

OFF = {f"TENET_{name}__ENABLED": "false" for name in ("YAHOO", "COINGECKO", "ECB")}
LAST = date(2024, 1, 3)


def tamper(home: Path, statement: str) -> None:
    connection = duckdb.connect(str(published(home)))
    connection.execute(statement)
    connection.close()


def settings_of(home: Path) -> Settings:
    off = {"enabled": False}
    return load(home, timezone="UTC", yahoo=off, coingecko=off, ecb=off)


def found_gaps(home: Path, **only: str) -> list[dict[str, Any]]:
    workspace = tenet.open(home)
    return coverage.gaps(workspace, coverage.damage_of(workspace), **only)


def covered(home: Path) -> dict[str, dict[str, Any]]:
    return {row["account_id"]: row for row in coverage.coverage(tenet.open(home))}


def mend(home: Path) -> None:
    """Repair without any source, and see that the file is what it was."""
    done = repair(settings_of(home), ([], []), through=LAST, at=AT)
    assert (done.exit_code, done.is_built) == (0, True)
    assert damage(published(home)) == []
    assert found_gaps(home) == []


def brief(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = ("kind", "account_id", "first_date", "last_date", "value_at_stake")
    return [tuple(row[name] for name in names) for row in rows]


def values(home: Path) -> list[tuple[Any, ...]]:
    query = "select * exclude (rows_hash) from account_values_daily order by all"
    return tenet.open(home).sql(query).rows()


AAPL = "where security_id = 'AAPL' and valuation_date"
BROKER = "where account_id = 'broker:1' and valuation_date"
TWICE = "quantity = 20, market_value_base = 3712.80"
JAN = [date(2024, 1, day) for day in (1, 2, 3)]
STAKE = Decimal("2056.40")
TAMPERED = {
    "a deleted day": (
        (
            "delete from daily_holding_values "
            "where valuation_date = '2024-01-02' and account_id = 'broker:1'"
        ),
        ("missing", "broker:1", JAN[1], JAN[1], STAKE),
        {"missing_dates": [JAN[1]], "partial_dates": []},
        (None, Decimal("1656.40")),
    ),
    "a deleted holding": (
        f"delete from daily_holding_values {AAPL} < '2024-01-03'",
        ("partial", "broker:1", JAN[0], JAN[1], STAKE),
        {"missing_dates": [], "partial_dates": [JAN[0], JAN[1]]},
        (Decimal(-200), Decimal("1656.40")),
    ),
    "an altered quantity": (
        (
            "update daily_holding_values set quantity = 20, market_value_base = 3712.80 "
            f"{AAPL} = '2024-01-02'"
        ),
        ("damaged", "broker:1", JAN[1], JAN[1], STAKE),
        {"missing_dates": [], "partial_dates": []},
        (Decimal("3512.80"), Decimal("1656.40")),
    ),
    "an altered date of a price": (
        f"update daily_holding_values set price_date = '2023-01-01' {AAPL} = '2024-01-02'",
        ("damaged", "broker:1", JAN[1], JAN[1], STAKE),
        {"missing_dates": [], "partial_dates": []},
        (Decimal("1656.40"), Decimal("1656.40")),
    ),
}


def test_a_build_is_whole_and_lacks_nothing(home: Path) -> None:
    assert found_gaps(home) == []
    for row in covered(home).values():
        assert (row["expected_start"], row["expected_end"]) == (JAN[0], JAN[1])
        assert (row["expected_days"], row["actual_days"], row["missing_days"]) == (2, 2, 0)


@pytest.mark.parametrize("case", TAMPERED)
def test_what_was_done_to_the_published_file_is_found_planned_and_mended(
    home: Path, case: str
) -> None:
    statement, expected, dates, (now, after) = TAMPERED[case]
    before = values(home)
    tamper(home, statement)
    assert brief(found_gaps(home)) == [expected]
    broker = covered(home)["broker:1"]
    assert {name: broker[name] for name in dates} == dates
    assert broker["missing_days"] == len(dates["missing_dates"])
    assert broker["actual_days"] == 2 - len(dates["missing_dates"])

    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    found = plan(settings_of(home), ([], []), through=LAST, at=AT)
    (change,) = found.changes
    assert (change["first_date"], change["last_date"]) == expected[2:4]
    assert (change["value_now"], change["value_after"]) == (now, after)
    assert (found.is_rebuilt, len(found.damage), found.left) == (True, 1, ())
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == files

    mend(home)
    assert values(home) == before


def test_days_deleted_everywhere_are_missing_all_the_same(home: Path) -> None:
    for table in ("daily_holding_values", "account_values_daily"):
        tamper(home, f"delete from {table} where account_id = 'bank:1'")
    assert brief(found_gaps(home)) == [
        ("damaged", "bank:1", JAN[0], JAN[2], None),
        ("missing", "bank:1", JAN[0], JAN[2], None),
    ]
    assert {name: row["missing_days"] for name, row in covered(home).items()} == {
        "bank:1": 2,
        "broker:1": 0,
    }


@pytest.mark.parametrize(
    "statement",
    ["update net_worth_daily set net_worth = 0", "alter table accounts drop column institution"],
)
def test_any_other_table_that_was_changed_is_found_and_mended(home: Path, statement: str) -> None:
    tamper(home, statement)
    assert [row["kind"] for row in found_gaps(home)] == ["damaged"]
    mend(home)


@pytest.mark.parametrize("table", ["gaps", "build_checks", "daily_holding_values"])
def test_a_table_that_was_dropped_is_told_and_mended(
    tenet_command: Command, home: Path, table: str
) -> None:
    before = values(home)
    tamper(home, f"drop table {table}")
    run = tenet_command("--home", home, "gaps", "--json")
    assert run.returncode == 0, run.stderr
    assert [row["kind"] for row in json.loads(run.stdout)["gaps"]] == ["damaged"]
    mend(home)
    assert values(home) == before


@pytest.mark.parametrize("content", [b"", b"no database", None])
def test_a_file_that_cannot_be_read_is_built_anew(home: Path, content: bytes | None) -> None:
    before, path = values(home), published(home)
    path.write_bytes(path.read_bytes()[:9000] if content is None else content)
    (found,) = damage(path)
    assert found.kind in ("unreadable", "damaged")
    changes = plan(settings_of(home), ([], []), through=LAST, at=AT).changes
    assert [(row["value_now"], row["days"]) for row in changes] == [(None, 3), (None, 3)]
    mend(home)
    assert values(home) == before


def test_a_deleted_landing_shows_in_the_plan_before_a_build_makes_it_so(
    home: Path, tmp_path: Path
) -> None:
    """Nothing can bring back what was deleted from the lake; the plan says what would be lost."""
    closes = "security_id,price_date,source,close,currency,basis,observed_at\n"
    closes += "AAPL,2024-01-03,yahoo,190,USD,split_adjusted,2024-01-06T12:00:00Z\n"
    folder = write_folder(tmp_path / "later", {"closes": closes})
    settings, at = settings_of(home), noon("2024-01-06")
    landing, _ = lake.land(home, "import", {"closes": folder / "closes.csv"}, at=at)
    build(settings, through=LAST, at=at)
    assert landing is not None
    shutil.rmtree(landing.path)
    found = plan(settings, ([], []), through=LAST, at=at)
    assert (found.damage, found.is_outdated) == ((), True)
    (change,) = found.changes
    assert (change["account_id"], change["first_date"], change["days"]) == ("broker:1", LAST, 1)
    assert (change["value_now"], change["value_after"]) == (1700, Decimal("1642.50"))


def test_gaps_are_told_by_account_and_kind(home: Path) -> None:
    tamper(home, "delete from daily_holding_values where valuation_date = '2024-01-02'")
    assert [row["account_id"] for row in found_gaps(home)] == ["broker:1", "bank:1"]
    assert [row["account_id"] for row in found_gaps(home, account_id="bank:1")] == ["bank:1"]
    assert found_gaps(home, kind="unpriced") == []
    workspace = tenet.open(home)
    assert coverage.find_account(workspace, "current account") == "bank:1"
    with pytest.raises(NotFound, match="bank:2"):
        coverage.find_account(workspace, "bank:2")


def test_days_beyond_a_hundred_are_counted_and_not_listed(home: Path) -> None:
    build(settings_of(home), through=date(2024, 6, 1), at=noon("2024-06-01"))
    tamper(home, "delete from daily_holding_values where account_id = 'bank:1'")
    bank = covered(home)["bank:1"]
    assert (bank["missing_days"], len(bank["missing_dates"])) == (152, 100)
    assert bank["missing_dates"][0] == JAN[0]


def test_the_command_shows_plans_and_mends(tenet_command: Command, home: Path) -> None:
    assert "no gaps" in tenet_command("--home", home, "gaps").stdout
    tamper(home, TAMPERED["an altered quantity"][0])
    shown = tenet_command("--home", home, "gaps", "--account", "Brokerage").stdout
    assert "2,056.40  damaged              Brokerage" in shown
    planned = tenet_command("--home", home, "gaps", "--plan", **OFF).stdout
    assert "to build anew: the published file" in planned
    assert "2024-01-02, 1 day: 3,512.80 -> 1,656.40" in " ".join(planned.split())
    with writing(home, AT):
        assert tenet_command("--home", home, "gaps", "--repair", **OFF).returncode == 75
    mended = tenet_command("--home", home, "gaps", "--repair", **OFF)
    assert (mended.returncode, mended.stdout) == (0, "left: nothing\n")
    assert "built anew" in mended.stderr
    assert found_gaps(home) == []


@pytest.mark.parametrize("options", [["--plan", "--repair"], ["--plan", "--kind", "missing"]])
def test_a_plan_is_of_everything_and_changes_nothing(
    tenet_command: Command, home: Path, options: list[str]
) -> None:
    assert tenet_command("--home", home, "gaps", *options).returncode == 2


def test_without_a_build_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(NoBuild):
        coverage.damage_of(tenet.open(tmp_path))


# Fetching


THROUGH = date(2026, 3, 20)
CLOSES = "security_id,price_date,source,close,currency,basis,observed_at\n{},2026-03-02,yahoo,90,"
CLOSES += "USD,split_adjusted,2026-03-03T00:00:00Z"


def built(tmp_path: Path, **datasets: str) -> Settings:
    settings = household(tmp_path, **datasets)
    build(settings, through=THROUGH, at=noon("2026-03-20"))
    return settings


def planned(settings: Settings, *sources: Market | Bank) -> Plan:
    return plan(settings, split(sources), through=THROUGH, at=noon("2026-03-20"))


def repaired(settings: Settings, *sources: Market | Bank) -> Repaired:
    at = noon("2026-03-20")
    return repair(settings, split(sources), through=THROUGH, at=at, pause=lambda _: None)


def split(sources: tuple[Market | Bank, ...]) -> tuple[list[Market], list[Bank]]:
    return (
        [source for source in sources if isinstance(source, Market)],
        [source for source in sources if isinstance(source, Bank)],
    )


def kinds(settings: Settings) -> list[tuple[str, str]]:
    query = "select kind, security_id from gaps where kind <> 'account_stale' order by all"
    return tenet.open(settings.home).sql(query).rows()


def test_a_stale_price_is_planned_for_fetched_and_gone(tmp_path: Path) -> None:
    settings = built(tmp_path, **holding("AAPL"), closes=CLOSES.format("AAPL"))
    assert kinds(settings) == [("stale_price", "AAPL")]
    market = Market()
    found = planned(settings, market)
    assert {(row["security_id"], row["source"]) for row in found.fetch} == {("AAPL", "yahoo")}
    assert found.fetch[-1]["last_date"] == date(2026, 3, 19)
    assert market.asked == []
    assert not found.is_rebuilt
    assert [row["kind"] for row in found.left] == ["account_stale"]

    done = repaired(settings, market)
    assert (done.exit_code, done.is_built) == (0, True)
    assert [row["kind"] for row in done.left] == ["account_stale"]
    assert kinds(settings) == []
    worth = reports.net_worth(tenet.open(settings.home))["net_worth"]
    assert worth == 1000


def test_a_rate_that_is_missing_is_fetched_too(tmp_path: Path) -> None:
    datasets = holding("_CASH:EUR")
    datasets["holdings"] = "snapshot_id,security_id,currency\ns1,_CASH:EUR,EUR"
    settings = built(tmp_path, **datasets)
    assert kinds(settings) == [("fx_missing", None), ("partial", None)]
    bank = Bank({"USD": "1.2"})
    assert [row["security_id"] for row in planned(settings, bank).fetch] == ["rates"]
    assert repaired(settings, bank).exit_code == 0
    assert reports.net_worth(tenet.open(settings.home))["net_worth"] == 12
    assert kinds(settings) == []


def test_what_no_source_prices_is_left_with_the_reason(tmp_path: Path) -> None:
    settings = built(tmp_path, **holding("AAPL", "_SF:0a1b2c3d"))
    found = planned(settings)
    assert found.fetch == ()
    why = {row["security_id"]: row["why"] for row in found.left if row["kind"] == "unpriced"}
    assert set(why) == {"AAPL", "_SF:0a1b2c3d"}
    assert all("`tenet prices set`" in reason for reason in why.values())


def test_a_source_that_fails_makes_the_repair_partly_done(tmp_path: Path) -> None:
    settings = built(tmp_path, **holding("AAPL"), closes=CLOSES.format("AAPL"))
    done = repaired(settings, Market(said={"AAPL": {"status": "failed", "message": "down"}}))
    assert done.exit_code == 3
    assert kinds(settings) == [("stale_price", "AAPL")]


def test_where_all_is_well_nothing_is_asked_and_nothing_built(tmp_path: Path) -> None:
    settings = built(tmp_path, **holding("USD", since="2026-03-19"))
    digest = hashlib.sha256(published(settings.home).read_bytes()).hexdigest()
    market = Market()
    assert planned(settings, market).left == ()
    done = repaired(settings, market)
    assert (done.exit_code, done.is_built, done.left, market.asked) == (0, False, (), [])
    assert hashlib.sha256(published(settings.home).read_bytes()).hexdigest() == digest


# Growth of what was there before


def test_an_account_that_joins_is_no_gain(tmp_path: Path, tenet_command: Command) -> None:
    first = "account_id,observed_at\na:1,2026-03-01T12:00:00Z\na:2,2026-03-01T12:00:00Z"
    settings = household(
        tmp_path,
        accounts="account_id\na:1\na:2\na:3",
        snapshots="snapshot_id," + first.replace("\na:", "\ns1,a:", 1).replace("\na:2", "\ns2,a:2"),
        holdings="snapshot_id,security_id,account_id,quantity\ns1,USD,a:1,100\ns2,USD,a:2,40",
        account_edits="account_id,edited_at,active\na:2,2026-03-02T00:00:00Z,false",
    )
    add(
        settings.home,
        at=noon("2026-03-20"),
        snapshots="snapshot_id,account_id,observed_at\ns3,a:1,2026-03-20T12:00:00Z\n"
        "s4,a:3,2026-03-20T12:00:00Z",
        holdings="snapshot_id,security_id,account_id,quantity\ns3,USD,a:1,110\ns4,USD,a:3,500",
    )
    build(settings, through=THROUGH, at=noon("2026-03-20"))
    workspace = tenet.open(settings.home)
    found = reports.comparable_growth(workspace, date(2026, 3, 1), THROUGH)
    assert (found["change"], found["joined"], found["left_out"]) == (470, 500, 40)
    assert (found["comparable_change"], found["comparable_growth"]) == (10, pytest.approx(0.1))
    assert (found["joined_count"], found["left_count"]) == (1, 1)
    with pytest.raises(DayTooEarly):
        reports.comparable_growth(workspace, date(2026, 2, 28), THROUGH)
    shown = tenet_command("--home", settings.home, "networth").stdout
    assert "500.00 of it joined with new accounts" in shown
    worth = reports.net_worth(workspace)
    assert (worth["change_day"], worth["joined_day"], worth["joined_year"]) == (510, 500, None)
