"""`kill -9` again and again: refreshes, merges, backups, and writers taking turns on one home."""

from __future__ import annotations

import random
import shutil
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from conftest import AT
from kills import KILLED, Watch, contents, killed_at_every_step, moment, no_fork
from marts import landed_rows, marts

import tenet
from tenet import lake
from tenet.backups import backup
from tenet.build import build
from tenet.landings import fingerprint, landings
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from kills import Victim

pytestmark = no_fork

# Of each writer: how often it is killed a round, and the steps and seconds within which it is.
KILLS = {"import": (6, 14, 0.2), "refresh": (6, 63, 1.0)} | {
    "compact": (6, 80, 0.2),
    "build": (4, 13, 0.6),
}
ROUNDS = 2
VALUES = ("daily_holding_values", "net_worth_daily", "net_worth_bridge", "restatements", "gaps")
OF_THE_RUN = ("snapshot_id", "revision", "restated_at")
"""Columns that tell which of several attempts it was."""


def test_every_writer_killed_at_random_loses_no_row_and_ends_in_the_same_numbers(
    victim: Victim, home: Path, tmp_path: Path
) -> None:
    unharmed = shutil.copytree(home, tmp_path / "unharmed")
    chance, watch, codes = random.Random(3), Watch(home), []
    for number in range(ROUNDS):
        for writer, (times, steps, seconds) in KILLS.items():
            assert victim(unharmed, number, 0, writer=writer) == 0
            rows = landed_rows(home)
            for attempt in range(times):
                kill = moment(chance, steps, seconds)
                codes.append(victim(home, number, attempt, writer=writer, **kill))
                watch.look((writer, number, kill))
            assert victim(home, number, times, writer=writer) == 0, (writer, number)
            watch.look_at_rest((writer, number))
            assert rows <= landed_rows(home), (writer, number)
    assert set(codes) == {KILLED, 0}
    assert codes.count(KILLED) > 30
    assert values(home) == values(unharmed)

    found = marts(home)
    (home / "tenet.duckdb").unlink()
    assert victim(home, ROUNDS - 1, 9, writer="build") == 0
    assert marts(home) == found


def values(home: Path) -> dict[str, list[str]]:
    """What the tables of VALUES say, whichever landing and build says it."""
    workspace = tenet.open(home)
    found = {name: workspace.read(name).drop(OF_THE_RUN, strict=False) for name in VALUES}
    assert all(len(frame) for frame in found.values())
    return {name: sorted(map(str, frame.rows())) for name, frame in found.items()}


@pytest.fixture
def landed_often(home: Path) -> Path:
    """The home with six more landings, in two months."""
    for number in range(6):
        close = {"security_id": "AAPL", "price_date": date(2023, 12, number + 1), "close": 1}
        plain = {"source": "yahoo", "currency": "USD", "basis": "as_traded", "observed_at": AT}
        at = AT + timedelta(days=20 * (number % 3), hours=number)
        lake.land(home, "import", {"closes": pl.DataFrame([close | plain])}, at=at)
    return home


def test_a_merge_killed_at_every_step_and_once_more_leaves_every_row_once(
    victim: Victim, landed_often: Path, tmp_path: Path
) -> None:
    home = landed_often
    rows, known = landed_rows(home), fingerprint(landings(home))
    chance, compact = random.Random(5), ("--today", "2024-03-01", "compact")

    def run(step: int) -> int:
        worn = shutil.copytree(home, tmp_path / "worn")
        code = victim("--home", worn, *compact, step=step)
        assert contents(worn) == contents(home), step
        again = victim("--home", worn, *compact, step=chance.randint(1, 60))
        assert again in (KILLED, 0)
        assert contents(worn) == contents(home), step
        if step % 6 == 0:
            watch = Watch(worn)
            assert landed_rows(worn) == rows, step
            assert victim("--home", worn, *compact) == 0, step
            watch.look_at_rest(step)
            assert (landed_rows(worn), fingerprint(landings(worn))) == (rows, known), step
            assert len({landing.path for landing in landings(worn)}) == 2, step
        shutil.rmtree(worn)
        return code

    assert killed_at_every_step(run) > 40


def test_a_backup_killed_at_every_step_leaves_the_older_one_or_the_newer(
    victim: Victim, home: Path, tmp_path: Path
) -> None:
    archive, rows = tmp_path / "kept" / "home.zip", landed_rows(home)
    archive.parent.mkdir()
    backup(load(home, timezone="UTC"), archive, at=AT)
    older = archive.read_bytes()

    def run(step: int) -> int:
        code = victim("--home", home, "backup", archive, within=str(archive.parent), step=step)
        again = tmp_path / f"again {step}"
        assert victim("--home", home, "restore", archive, again) == 0
        assert landed_rows(again) == rows
        return code

    assert killed_at_every_step(run) > 3
    assert archive.read_bytes() != older


def test_a_restore_killed_at_every_step_gives_a_whole_home_or_none(
    victim: Victim, landed_often: Path, tmp_path: Path
) -> None:
    archive, home, rows = tmp_path / "home.zip", landed_often, contents(landed_often)
    backup(load(home, timezone="UTC"), archive, at=AT)

    def run(step: int) -> int:
        within = tmp_path / f"in {step}"
        restored = within / "home"
        code = victim("--home", home, "restore", archive, restored, within=str(within), step=step)
        assert not restored.exists() or contents(restored) == rows
        return code

    assert killed_at_every_step(run) > 20


def test_the_same_landings_elsewhere_and_on_another_day_build_to_the_same_rows(
    home: Path, tmp_path: Path
) -> None:
    elsewhere, day = tmp_path / "else" / "where", date(2024, 1, 9)
    shutil.copytree(home / "raw", elsewhere / "raw")
    build(load(elsewhere, timezone="UTC"), through=day, at=AT + timedelta(days=400))
    build(load(home, timezone="UTC"), through=day, at=AT)
    assert marts(elsewhere) == marts(home)
