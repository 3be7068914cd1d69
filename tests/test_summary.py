"""The workspace's summary: what it says, and by which of four ways it was answered."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from conftest import AT

from tenet import lake, reports
from tenet.bench.freshness import measured, report, table
from tenet.build import build
from tenet.errors import NoBuild, QueryFailed
from tenet.frames import frame
from tenet.home import last_build, writing
from tenet.landings import landings
from tenet.settings import load
from tenet.summary import background
from tenet.summary.cache import summary_note
from tenet.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.landings import Landing
    from tenet.summary.answer import Summary

DAY = date(2024, 1, 3)
NOW = datetime(2024, 1, 3, 22, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_utc(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build in a process of its own has the settings of the home's first build."""
    (home / "tenet.toml").write_text('timezone = "UTC"\n')
    monkeypatch.setattr(background, "BUSY_PAUSE", 0.1)


def reader(home: Path) -> Workspace:
    return Workspace(home, now=lambda: NOW)


def land_close(home: Path, close: int, at: datetime = AT + timedelta(hours=1)) -> Landing | None:
    """Another close of AAPL on DAY, of which there are ten."""
    row = {
        "security_id": "AAPL",
        "price_date": DAY,
        "source": "yahoo",
        "close": Decimal(close),
        "currency": "USD",
        "basis": "as_traded",
        "observed_at": at,
    }
    return lake.land(home, "prices", {"closes": pl.DataFrame([row])}, at=at)[0]


def land_log(home: Path, at: datetime, **log: Any) -> Landing | None:
    """A sync that brought no holdings."""
    session = {"session_id": at.strftime("%Y%m%dT%H%M%S"), "started_at": at, "is_complete": True}
    row = {"provider": "snaptrade", "status": "success", "accounts_stale": 2} | log
    tables = {
        "sync_sessions": frame("sync_sessions", [session]),
        "sync_log": frame("sync_log", [session | row]),
    }
    return lake.land(home, "sync", tables, at=at)[0]


def settled(workspace: Workspace) -> Summary:
    """The answer after the build in the background."""
    for _ in range(600):
        found = workspace.summary()
        if found.status != "stale":
            return found
        time.sleep(0.1)
    raise AssertionError("the build in the background has not ended")


def test_it_says_what_the_marts_say(home: Path) -> None:
    found = reader(home).summary()
    assert found.net_worth
    assert found.net_worth.items() <= reports.net_worth(reader(home)).items()
    assert found.net_worth["net_worth"] == Decimal("2742.50")
    assert (found.revision, found.through_date) == (reader(home).revision, DAY)
    assert found.currency == "USD"
    assert [(row["name"], row["market_value_base"]) for row in found.accounts] == [
        ("Brokerage", Decimal("1642.50")),
        ("Current account", Decimal("1100.00")),
    ]
    assert {row["asset_class"]: row["market_value_base"] for row in found.allocation} == {
        "unclassified": Decimal("1842.50"),
        "Cash": Decimal("900.00"),
    }
    assert found.gaps == {
        "unpriced_count": 0,
        "stale_count": 0,
        "price_issue_count": 0,
        "quarantined_count": 0,
    }
    assert found.progress == ()


def test_it_is_computed_once_a_build_and_when_forced(home: Path) -> None:
    workspace = reader(home)
    statuses = [workspace.summary(force=force).status for force in (False, False, True, False)]
    assert statuses == ["miss", "hit-revision", "miss", "hit-revision"]


def test_a_newer_build_is_a_miss(home: Path) -> None:
    workspace = reader(home)
    before = workspace.summary()
    land_close(home, 200)
    build(load(home), through=DAY, at=AT)
    found = workspace.summary()
    assert (found.status, workspace.summary().status) == ("miss", "hit-revision")
    assert before.net_worth
    assert found.net_worth
    assert found.net_worth["net_worth"] - before.net_worth["net_worth"] == Decimal("157.50")


def test_another_last_day_of_the_same_landings_is_a_miss(home: Path) -> None:
    workspace = reader(home)
    workspace.summary()
    build(load(home), through=DAY + timedelta(days=1), at=AT)
    found = workspace.summary()
    assert (found.status, found.through_date) == ("miss", DAY + timedelta(days=1))


def test_a_sync_without_holdings_renews_the_progress_alone(home: Path) -> None:
    workspace = reader(home)
    before = workspace.summary()
    land_log(home, AT + timedelta(hours=1))
    found = workspace.summary()
    assert found.status == "progress-section"
    assert [(row["provider"], row["accounts_stale"]) for row in found.progress] == [
        ("snaptrade", 2)
    ]
    assert found.progress[0]["started_at"] == AT + timedelta(hours=1)
    assert (found.net_worth, found.accounts, found.gaps) == (
        *(before.net_worth, before.accounts, before.gaps),
    )
    assert workspace.summary().status == "hit-revision"


def test_the_progress_has_the_newest_first_with_its_first_error(home: Path) -> None:
    errors = [
        {"category": "warning", "message": "rounded"},
        {"category": "auth", "message": "log in again"},
    ]
    for hours in range(1, 13):
        at = AT + timedelta(hours=hours)
        land_log(home, at, errors=json.dumps(errors) if hours == 12 else None)
    found = reader(home).summary().progress
    assert [row["started_at"].hour for row in found] == [0, *range(23, 14, -1)]
    assert [row["error"] for row in found[:2]] == ["log in again", None]


def test_requests_for_prices_touch_nothing(home: Path) -> None:
    workspace = reader(home)
    workspace.summary()
    row = {
        "source": "yahoo",
        "symbol": "AAPL",
        "requested_at": AT,
        "first_date": DAY,
        "last_date": DAY,
        "status": "empty",
    }
    requests = frame("market_requests", [row])
    lake.land(home, "prices", {"market_requests": requests}, at=AT + timedelta(hours=1))
    assert workspace.summary().status == "hit-revision"


def test_a_newer_landing_gives_the_old_answer_at_once_and_the_new_one_after_a_build(
    home: Path,
) -> None:
    workspace = reader(home)
    before = workspace.summary()
    land_close(home, 200)
    found = workspace.summary()
    assert (found.status, found.build_error) == ("stale", None)
    assert (found.revision, found.net_worth) == (before.revision, before.net_worth)
    after = settled(workspace)
    assert after.net_worth
    assert after.net_worth["net_worth"] == Decimal("2900.00")
    assert after.through_date == DAY
    assert after.revision == workspace.revision != before.revision


def test_what_landed_before_the_first_answer_makes_the_second_one_stale(home: Path) -> None:
    land_close(home, 200)
    workspace = reader(home)
    assert [workspace.summary().status for _ in range(2)] == ["miss", "stale"]
    assert settled(workspace).status == "miss"


def test_a_landing_of_an_account_is_no_progress(home: Path) -> None:
    workspace = reader(home)
    workspace.summary()
    account = frame("accounts", [{"account_id": "manual:home", "name": "Home"}])
    lake.land(home, "manual", {"accounts": account}, at=AT)
    assert workspace.summary().status == "stale"
    assert "Home" in [row["name"] for row in settled(workspace).accounts]


def test_a_landing_that_vanished_is_built_anew(home: Path) -> None:
    landing = land_log(home, AT + timedelta(hours=1))
    build(load(home), through=DAY, at=AT)
    workspace = reader(home)
    workspace.summary()
    assert landing
    landing.path.rename(home / "elsewhere")
    assert workspace.summary().status == "stale"
    assert settled(workspace).progress == ()


def test_a_build_that_fails_is_told_and_not_repeated_for_the_same_landings(home: Path) -> None:
    workspace = reader(home)
    workspace.summary()
    landing = land_close(home, 200)
    assert landing
    whole = (landing.path / "closes.parquet").read_bytes()
    (landing.path / "closes.parquet").write_bytes(b"half")
    while not (found := workspace.summary()).build_error:
        assert found.status == "stale"
        time.sleep(0.1)
    assert "closes.parquet" in found.build_error
    (landing.path / "closes.parquet").write_bytes(whole)
    assert [workspace.summary().status for _ in range(3)] == ["stale"] * 3
    assert workspace.summary().build_error == found.build_error
    land_log(home, AT + timedelta(hours=2))
    assert workspace.summary().build_error is None
    assert settled(workspace).status == "miss"


def test_while_another_writes_the_old_answer_is_given_and_no_failure_is_told(home: Path) -> None:
    workspace = reader(home)
    workspace.summary()
    land_close(home, 200)
    with writing(home, AT):
        answers = []
        for _ in range(10):
            answers.append(workspace.summary())
            time.sleep(0.1)
    assert {(found.status, found.build_error) for found in answers} == {("stale", None)}
    assert settled(workspace).net_worth != answers[0].net_worth


def test_of_many_readers_one_builds(home: Path) -> None:
    workspaces = [reader(home) for _ in range(4)]
    for workspace in workspaces:
        workspace.summary()
    land_close(home, 200)
    published = []

    def ask(workspace: Workspace) -> None:
        assert workspace.summary().status in ("stale", "miss")
        found = settled(workspace)
        published.append((found.revision, (last_build(home) or {})["built_at"]))

    threads = [Thread(target=ask, args=(workspaces[number % 4],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(published) == 8
    assert len(set(published)) == 1


def test_threads_of_one_workspace_compute_it_once(home: Path) -> None:
    workspace, statuses = reader(home), []
    threads = [Thread(target=lambda: statuses.append(workspace.summary().status)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == ["hit-revision"] * 5 + ["miss"]


COLD = f"""
import sys
from datetime import datetime
from pathlib import Path
from tenet.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]), now=lambda: datetime.fromisoformat({NOW.isoformat()!r}))
found = workspace.summary()
print(found.status, found.net_worth["net_worth"], "duckdb" in sys.modules)
"""


def cold(home: Path) -> str:
    """What a process of its own is answered."""
    run = subprocess.run(
        [sys.executable, "-c", COLD, str(home)], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout.strip()


def test_another_process_is_answered_without_a_database(home: Path) -> None:
    assert cold(home) == "miss 2742.50 True"
    assert cold(home) == "hit-revision 2742.50 False"


def test_what_is_kept_reads_back_as_it_was(home: Path) -> None:
    land_log(home, AT + timedelta(hours=1), seconds=Decimal("1.5"))
    first, second = reader(home).summary(), reader(home).summary()
    assert (first.status, second.status) == ("miss", "hit-revision")
    for section in ("net_worth", "accounts", "allocation", "gaps", "progress", "through_date"):
        assert getattr(first, section) == getattr(second, section), section
        assert repr(getattr(second, section)).count("Decimal") == (
            repr(getattr(first, section)).count("Decimal")
        )
    assert summary_note(home).stat().st_mode & 0o777 == 0o600


def test_a_process_that_ends_while_its_build_runs_ends_well_and_the_build_goes_on(
    home: Path,
) -> None:
    workspace = reader(home)
    before = workspace.summary()
    land_close(home, 200)
    assert cold(home) == "stale 2742.50 False"
    for _ in range(600):
        if workspace.revision != before.revision:
            break
        time.sleep(0.1)
    assert reports.net_worth(workspace, DAY)["net_worth"] == 2900


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"tenet": "0.0.1"}', "[[[", '{"tenet": {"$date": "x"}}']
)
def test_a_kept_answer_that_cannot_be_read_is_computed_anew(home: Path, text: str) -> None:
    reader(home).summary()
    whole = summary_note(home).read_text()
    summary_note(home).write_text(text)
    assert reader(home).summary().status == "miss"
    summary_note(home).write_text(whole[: len(whole) // 2])
    assert reader(home).summary().status == "miss"


def test_an_answer_of_another_version_is_computed_anew(home: Path) -> None:
    reader(home).summary()
    kept = json.loads(summary_note(home).read_text())
    summary_note(home).write_text(json.dumps(kept | {"tenet": "0.0.1"}))
    assert reader(home).summary().status == "miss"
    summary_note(home).write_text(json.dumps(kept | {"colour": 1}))
    assert reader(home).summary().status == "miss"


def test_nobody_changes_what_is_kept(home: Path) -> None:
    workspace = reader(home)
    first = workspace.summary()
    assert first.net_worth
    first.net_worth["net_worth"] = first.gaps["stale_count"] = first.accounts[0]["name"] = None
    assert workspace.summary() != first
    assert workspace.summary().accounts[0]["name"] == "Brokerage"


def test_without_a_build_or_a_value_it_says_so(tmp_path: Path, home: Path) -> None:
    with pytest.raises(NoBuild):
        reader(tmp_path).summary()
    empty = tmp_path / "nobody"
    empty.mkdir()
    build(load(empty, timezone="UTC"), through=DAY, at=AT)
    found = reader(empty).summary()
    assert (found.net_worth, found.accounts, found.allocation) == (None, (), ())
    (home / "tenet.duckdb").unlink()
    with pytest.raises(NoBuild):
        reader(home).summary()


def test_a_damaged_build_is_told_even_where_an_answer_was_kept(home: Path) -> None:
    workspace = reader(home)
    workspace.summary()
    (home / "tenet.duckdb").write_bytes(b"not a database")
    with pytest.raises(QueryFailed):
        workspace.summary()


def test_the_bench_finds_every_answer_and_compares_them(home: Path) -> None:
    seconds = measured(home, 2)
    answers = {"miss", "hit-revision", "progress-section", "stale"}
    assert set(seconds) == answers | {"stat", "select", "look"}
    contest = {"daily_values": 9, "seconds": seconds | {"python process": [0.1]}}
    found = report({"small": contest}, AT)
    assert found["sizes"]["small"]["to_select"]["select"] == 1
    assert all(f"\n  {name} " in table(found) for name in answers)


def test_a_home_that_cannot_be_written_to_is_read(home: Path) -> None:
    summary_note(home).mkdir()  # nothing can be put in its place
    workspace = reader(home)
    assert [workspace.summary().status for _ in range(2)] == ["miss", "hit-revision"]
    assert len(landings(home)) == 1
