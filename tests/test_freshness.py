"""Freshness on read: a local source that grew old is pulled first, once, and never in the way."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

import tenet
from tenet import edits
from tenet.build import build
from tenet.freshness import LEAST_PAUSE, age_of, pull_note
from tenet.home import last_build, sync_note, writing
from tenet.landings import landings
from tenet.providers.wealthfolio import Wealthfolio
from tenet.settings import load
from tenet.sync.run import sync
from tenet.workspace import LOOK_EVERY, Workspace

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2024, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = AT + timedelta(days=1, seconds=1)
WORTH = "select net_worth from net_worth_daily order by valuation_date desc limit 1"


def app(path: Path, **accounts: tuple[str, int]) -> Path:
    """A Wealthfolio database: each account with the day of its data and its cash in dollars."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.executescript("""
            create table accounts (id, name, currency);
            create table daily_account_valuation (account_id, valuation_date, total_value);
            create table holdings_snapshots (
                id, account_id, snapshot_date, positions, cash_balances
            );
            create table assets (id, kind);
            create table quotes (asset_id, day, close, currency);
        """)
        for name, (day, cash) in accounts.items():
            database.execute("insert into accounts values (?, ?, 'USD')", (name, name))
            database.execute(
                "insert into daily_account_valuation values (?, ?, ?)", (name, day, cash)
            )
            balances = json.dumps({"USD": cash})
            database.execute(
                "insert into holdings_snapshots values (?, ?, ?, '{}', ?)",
                (f"s-{name}", name, day, balances),
            )
        database.commit()
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A Wealthfolio database with one account."""
    return app(tmp_path / "app.db", isa=("2024-01-05", 100))


@pytest.fixture
def mirrored(tmp_path: Path, source: Path) -> Path:
    """A home whose one source is that database, synced and built at AT."""
    home = tmp_path / "mirrored"
    home.mkdir()
    text = f'timezone = "UTC"\n[wealthfolio]\ndatabase = {json.dumps(str(source))}\n'
    (home / "tenet.toml").write_text(text)
    sync(home, [Wealthfolio(source)], at=AT)
    build(load(home), through=AT.date(), at=AT)
    return home


def worth(home: Path, at: datetime, *, refresh_local: bool = True) -> Decimal:
    """Net worth as a newly opened workspace tells it at some time."""
    workspace = Workspace(home, refresh_local=refresh_local, now=lambda: at)
    found = workspace.sql(WORTH).item()
    assert isinstance(found, Decimal)
    return found


def pulls(home: Path) -> int:
    """How many syncs landed after the first one."""
    return sum(landing.kind == "sync" for landing in landings(home)) - 1


def test_data_older_than_a_day_are_pulled_before_the_answer(mirrored: Path, source: Path) -> None:
    app(source, isa=("2024-01-06", 250))
    assert worth(mirrored, AT + timedelta(days=1)) == 100
    assert worth(mirrored, LATER) == 250
    assert (last_build(mirrored) or {})["through_date"] == "2024-01-06"
    assert worth(mirrored, LATER) == 250
    assert pulls(mirrored) == 1


def test_the_setting_says_how_old_is_too_old(mirrored: Path, source: Path) -> None:
    toml = mirrored / "tenet.toml"
    toml.write_text(f"refresh_ttl_days = 3\n{toml.read_text()}")
    app(source, isa=("2024-01-06", 250))
    assert worth(mirrored, AT + timedelta(days=3)) == 100
    assert worth(mirrored, AT + timedelta(days=3, seconds=1)) == 250


def test_a_reader_may_ask_for_no_pull(mirrored: Path, source: Path) -> None:
    app(source, isa=("2024-01-06", 250))
    assert worth(mirrored, LATER, refresh_local=False) == 100
    assert not tenet.open(mirrored, refresh_local=False).refresh_local
    assert pulls(mirrored) == 0


def test_a_live_account_does_not_hide_a_dead_one(mirrored: Path, source: Path) -> None:
    app(source, isa=("2024-01-06", 100), old=("2024-01-05", 1))
    worth(mirrored, LATER)
    app(source, isa=("2024-01-07", 250), old=("2024-01-05", 1))
    worth(mirrored, LATER + timedelta(days=2))  # brings `isa` alone
    age = age_of(mirrored, "wealthfolio")
    assert age
    assert age.oldest == LATER
    app(source, isa=("2024-01-07", 250), old=("2024-01-08", 2))
    assert worth(mirrored, LATER + timedelta(days=2) + HOUR) == 252


def test_an_account_that_was_closed_is_not_waited_for(mirrored: Path) -> None:
    edits.edit_account(mirrored, "wealthfolio:isa", at=AT + HOUR, active=False)
    build(load(mirrored), through=AT.date(), at=AT + HOUR)
    assert age_of(mirrored, "wealthfolio") is None
    worth(mirrored, LATER)
    assert pulls(mirrored) == 0


def test_what_brought_nothing_newer_is_asked_again_only_after_a_while(mirrored: Path) -> None:
    for hours, expected in ((0, 1), (0.5, 1), (1, 2), (1.9, 2), (2, 3)):
        assert worth(mirrored, LATER + hours * HOUR) == 100
        assert pulls(mirrored) == expected, hours


def test_a_time_to_live_of_no_days_waits_some_minutes_between_two_pulls(
    mirrored: Path,
) -> None:
    toml = mirrored / "tenet.toml"
    toml.write_text(f"refresh_ttl_days = 0\n{toml.read_text()}")
    for minutes, expected in ((1, 0), (5, 1), (6, 1), (10, 2)):
        worth(mirrored, AT + timedelta(minutes=minutes))
        assert pulls(mirrored) == expected, minutes


def test_a_source_that_is_gone_is_told_and_the_old_build_is_read(
    mirrored: Path, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source.unlink()
    assert worth(mirrored, LATER) == 100
    assert "wealthfolio could not be pulled: there is no file" in caplog.text
    note = json.loads(pull_note(mirrored).read_text())
    assert "there is no file" in note["wealthfolio"]["error"]
    assert worth(mirrored, LATER + LEAST_PAUSE) == 100
    assert len(caplog.records) == 1


@pytest.mark.parametrize("broken", ["timezone = 3\n", "nonsense", "colour = 'red'\n"])
def test_settings_that_cannot_be_read_do_not_stop_reading(
    mirrored: Path, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    (mirrored / "tenet.toml").write_text(broken)
    assert worth(mirrored, LATER) == 100
    assert worth(mirrored, LATER + LEAST_PAUSE / 2) == 100
    (record,) = caplog.records
    assert "wealthfolio could not be pulled: ConfigError" in record.getMessage()


def test_a_source_that_is_switched_off_is_left_alone(mirrored: Path) -> None:
    (mirrored / "tenet.toml").write_text('timezone = "UTC"\n')
    assert worth(mirrored, LATER) == 100
    assert pulls(mirrored) == 0


@pytest.mark.parametrize("note", ["", "[]", "{}", "[1]", "null", '[{"provider": "wealthfolio"}]'])
def test_a_note_that_makes_no_sense_does_not_stop_reading(mirrored: Path, note: str) -> None:
    sync_note(mirrored).write_text(note)
    assert worth(mirrored, LATER) == 100


@pytest.mark.parametrize(
    "note", ["", "[]", '{"wealthfolio": 1}', '{"wealthfolio": {"last_attempt_at": "no"}}']
)
def test_a_note_of_the_last_pull_that_makes_no_sense_is_as_none(mirrored: Path, note: str) -> None:
    pull_note(mirrored).write_text(note)
    worth(mirrored, LATER)
    assert pulls(mirrored) == 1


def test_what_a_killed_pull_landed_is_built_by_a_later_one(mirrored: Path, source: Path) -> None:
    app(source, isa=("2024-01-06", 250))
    sync(mirrored, [Wealthfolio(source)], at=LATER)  # and then it was killed
    note = {"wealthfolio": {"last_attempt_at": LATER.isoformat(), "error": "no end"}}
    pull_note(mirrored).write_text(json.dumps(note))
    assert worth(mirrored, LATER + HOUR / 2) == 100
    assert worth(mirrored, LATER + HOUR) == 250
    assert json.loads(pull_note(mirrored).read_text())["wealthfolio"]["error"] is None


def test_while_another_writes_the_old_build_is_read_at_once(mirrored: Path, source: Path) -> None:
    app(source, isa=("2024-01-06", 250))
    with writing(mirrored, LATER):
        assert worth(mirrored, LATER) == 100
    assert not pull_note(mirrored).exists()
    assert worth(mirrored, LATER) == 250


def test_one_workspace_looks_only_now_and_then(mirrored: Path, source: Path) -> None:
    app(source, isa=("2024-01-06", 250))
    at = LATER - LOOK_EVERY
    workspace = Workspace(mirrored, now=lambda: at)
    assert workspace.sql(WORTH).item() == 100  # looked, and not old yet
    at = LATER - timedelta(seconds=1)
    assert workspace.sql(WORTH).item() == 100  # not looked
    at = LATER
    assert workspace.sql(WORTH).item() == 250


def test_a_clock_that_was_set_back_does_not_stop_the_looking(mirrored: Path, source: Path) -> None:
    at = AT + timedelta(days=900)
    workspace = Workspace(mirrored, now=lambda: at)
    workspace.sql(WORTH)
    app(source, isa=("2024-01-06", 250))
    at = LATER
    assert workspace.sql(WORTH).item() == 250


def test_of_many_threads_one_pulls_and_none_fails(mirrored: Path, source: Path) -> None:
    app(source, isa=("2024-01-06", 250))
    barrier, found = Barrier(6), []

    def read() -> None:
        barrier.wait()
        found.append(worth(mirrored, LATER))

    threads = [Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pulls(mirrored) == 1
    assert len(found) == 6
    assert set(found) <= {100, 250}
    assert 250 in found


READ = f"""
import sys
from datetime import datetime
from pathlib import Path
from tenet.workspace import Workspace
sys.stdin.readline()
workspace = Workspace(Path(sys.argv[1]), now=lambda: datetime.fromisoformat({LATER.isoformat()!r}))
print(workspace.sql({WORTH!r}).item())
"""


def test_of_many_processes_one_pulls_and_none_fails(mirrored: Path, source: Path) -> None:
    app(source, isa=("2024-01-06", 250))
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READ, str(mirrored)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    found = []
    for reader in readers:
        assert reader.stdin
        reader.stdin.write("go\n")
        reader.stdin.flush()
    for reader in readers:
        said, complaint = reader.communicate()
        assert (reader.returncode, complaint) == (0, "")
        found.append(said.strip())
    assert pulls(mirrored) == 1
    assert set(found) <= {"100.00", "250.00"}


LIGHT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import tenet
from tenet.freshness import pull_stale
tenet.open(sys.argv[1])
pull_stale(Path(sys.argv[1]), lambda: datetime(2030, 1, 1, tzinfo=UTC))
print(sorted({"duckdb", "polars", "pydantic", "httpx"} & set(sys.modules)))
"""


def test_without_a_local_source_the_look_opens_nothing_and_reads_no_settings(home: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LIGHT, str(home)], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"
    assert not pull_note(home).exists()
