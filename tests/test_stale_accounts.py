"""An account whose provider is dead is shown as such, however fresh all others are."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import write_folder
from markets import noon

from tenet import lake
from tenet.build import build
from tenet.settings import load
from tenet.status import stale_accounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    Command = Callable[..., Run]

DAY = date(2026, 3, 19)
FACTS = {"account_id": "x:1", "provider": "x", "name": "One", "is_active": True, "error": None}


def listed(**facts: Any) -> list[dict[str, Any]]:
    row = FACTS | {"last_snapshot_date": date(2026, 3, 1)} | facts
    return stale_accounts([row], DAY, stale_days=7)


def test_data_of_eighteen_days_ago_are_told_with_their_days_and_the_providers_words() -> None:
    (found,) = listed(error="log in again")
    assert found == {
        "account_id": "x:1",
        "name": "One",
        "days": 18,
        "last_snapshot_date": date(2026, 3, 1),
        "error": "log in again",
    }


@pytest.mark.parametrize(("days", "is_stale"), [(0, False), (7, False), (8, True)])
def test_data_are_stale_from_the_day_after_the_setting(days: int, is_stale: bool) -> None:
    assert bool(listed(last_snapshot_date=DAY - timedelta(days=days))) == is_stale


@pytest.mark.parametrize("facts", [{"provider": "manual"}, {"is_active": False}])
def test_accounts_kept_by_hand_and_closed_ones_are_left_out(facts: dict[str, Any]) -> None:
    assert listed(**facts) == []


@pytest.mark.parametrize(("error", "count"), [("refused", 1), (None, 0)])
def test_an_account_that_never_had_data_is_told_when_there_is_a_reason(
    error: str | None, count: int
) -> None:
    assert [row["days"] for row in listed(last_snapshot_date=None, error=error)] == [None] * count


def test_the_oldest_data_come_first_and_what_never_came_last() -> None:
    rows = [
        FACTS | {"account_id": name, "last_snapshot_date": day, "error": "e"}
        for name, day in [("b", None), ("c", date(2026, 3, 9)), ("a", date(2026, 3, 1))]
    ]
    found = stale_accounts(rows, DAY, stale_days=7)
    assert [row["account_id"] for row in found] == ["a", "c", "b"]


HOUSEHOLD = {
    "accounts": "account_id,name\nalive:1,Alive\ndead:1,Dead\nmanual:1,House\nold:1,Closed",
    "account_edits": (
        "account_id,edited_at,active\nold:1,2026-03-02T00:00:00Z,false"
    ),
    "snapshots": (
        "snapshot_id,account_id,observed_at,status\n"
        "1,alive:1,2026-03-01T12:00:00Z,success\n"
        "2,alive:1,2026-03-19T12:00:00Z,success\n"
        "3,dead:1,2026-03-01T12:00:00Z,success\n"
        "4,manual:1,2026-03-01T12:00:00Z,success\n"
        "5,old:1,2026-03-01T12:00:00Z,success"
    ),
    "holdings": (
        "snapshot_id,account_id,security_id,quantity,currency\n"
        "1,alive:1,USD,1,USD\n2,alive:1,USD,2,USD\n3,dead:1,USD,4,USD\n4,manual:1,USD,8,USD"
    ),
    "sync_sessions": "session_id,started_at\ns,2026-03-19T12:00:00Z",
    "account_syncs": "session_id,account_id,status,error\ns,dead:1,error,log in again",
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An imported home, built through DAY."""
    home = tmp_path / "home"
    folder = write_folder(tmp_path / "folder", {n: f"{t}\n" for n, t in HOUSEHOLD.items()})
    lake.land(home, "import", {path.stem: path for path in folder.iterdir()}, at=noon("2026-03-19"))
    build(load(home, timezone="UTC"), through=DAY, at=noon("2026-03-19"))
    return home


@pytest.mark.parametrize("command", ["status", "networth"])
def test_a_dead_account_of_an_imported_home_is_shown_and_given_as_data(
    tenet_command: Command, home: Path, command: str
) -> None:
    shown = tenet_command("--home", home, "--today", DAY, command).stdout
    assert "no data for 18 days, since 2026-03-01: log in again" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) < 80 + len(str(home))
    found = json.loads(tenet_command("--home", home, "--today", DAY, command, "--json").stdout)
    found = found[0] if command == "networth" else found
    assert found["stale_accounts"] == [
        {
            "account_id": "dead:1",
            "name": "Dead",
            "last_snapshot_date": "2026-03-01",
            "error": "log in again",
            "days": 18,
        }
    ]


def test_net_worth_of_an_earlier_day_tells_what_was_stale_then(
    tenet_command: Command, home: Path
) -> None:
    def names(day: str) -> list[str]:
        run = tenet_command("--home", home, "--today", day, "networth", "--json")
        return [row["name"] for row in json.loads(run.stdout)[0]["stale_accounts"]]

    assert [names(day) for day in ("2026-03-05", "2026-03-10")] == [[], ["Dead", "Alive"][::-1]]


def test_net_worth_as_csv_stays_one_line_of_numbers(tenet_command: Command, home: Path) -> None:
    header, row = tenet_command("--home", home, "networth", "--csv").stdout.splitlines()
    assert "stale_accounts" not in header
    assert len(row.split(",")) == len(header.split(","))


def test_a_sync_after_the_build_counts_and_tells_the_reason(
    tenet_command: Command, home: Path
) -> None:
    synced = {"provider": "x", "name": "X", "status": "success", "login_ends_at": None}
    rows = [
        {"account_id": "dead:1", "error": None, "last_data_at": "2026-03-19T12:00:00+00:00"},
        {"account_id": "new:1", "error": "refused", "last_data_at": None},
    ]
    (home / "sync.json").write_text(json.dumps([synced | row for row in rows]))
    run = tenet_command("--home", home, "--today", "2026-03-20", "status", "--json")
    found = [(row["account_id"], row["days"]) for row in json.loads(run.stdout)["stale_accounts"]]
    assert found == [("new:1", None)]
