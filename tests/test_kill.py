"""`kill -9` at any moment of an import or a build loses nothing; two writers never meet."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import AT, write_folder
from kills import KILLED, Watch, no_fork
from marts import landed_rows, marts

from tenet.home import last_build, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from conftest import Run
    from kills import Victim

    Command = Callable[..., Run]

pytestmark = no_fork

DAY = date(2024, 1, 4)
STEPS = 18
"""More than an import or a build has, so that the last of them is never reached."""


def moments(seed: int, times: int, longest: float) -> list[dict[str, float]]:
    """Moments to be killed at: each step that Python takes on files, and times between."""
    chance = random.Random(seed)
    steps: list[dict[str, float]] = [{"step": step} for step in range(1, STEPS + 1)]
    return steps + [{"seconds": chance.uniform(0, longest)} for _ in range(times)]


def assert_killed_at_every_step(codes: list[int]) -> None:
    assert set(codes) == {KILLED, 0}
    killed = [code == KILLED for code in codes[:STEPS]]
    assert killed == sorted(killed, reverse=True)
    assert (killed[9], killed[-1]) == (True, False)


def depots(folder: Path, numbers: Iterable[int]) -> Path:
    """A folder to import: accounts with a security each, and its closes."""
    closes = [
        f"X{n},{DAY - timedelta(days=day)},yahoo,{n + day}.5,USD,as_traded,2024-01-05T12:00:00Z"
        for n in numbers
        for day in range(5)
    ]
    rows = {
        "accounts": ["account_id,name", *(f"depot:{n},Depot" for n in numbers)],
        "snapshots": ["snapshot_id,account_id,observed_at,status,currency"]
        + [f"x{n},depot:{n},2024-01-01T20:00:00Z,success,USD" for n in numbers],
        "holdings": ["snapshot_id,security_id,account_id,quantity,currency"]
        + [f"x{n},X{n},depot:{n},{n}.25,USD" for n in numbers],
        "closes": ["security_id,price_date,source,close,currency,basis,observed_at", *closes],
    }
    return write_folder(folder, {name: "\n".join(lines) + "\n" for name, lines in rows.items()})


def test_an_import_killed_at_any_moment_lands_whole_or_not_at_all(
    victim: Victim, home: Path, tmp_path: Path
) -> None:
    unharmed = shutil.copytree(home, tmp_path / "unharmed")
    kills = moments(seed=1, times=92, longest=0.2)
    whole = {"accounts", "closes", "holdings", "snapshots"}
    watch, codes = Watch(home), []
    for number, kill in enumerate(kills):
        folder, before = depots(tmp_path / f"depot {number}", [number]), watch.landed
        codes.append(victim("--home", home, "import", folder, **kill))
        watch.look(kill)
        assert {name for _, name in watch.landed - before} in (set(), whole), kill
        if number % 11 == 10:
            assert victim("--home", home, "import", folder) == 0, kill
            watch.look_at_rest(kill)
            assert {name for _, name in watch.landed - before} == whole, kill
    assert_killed_at_every_step(codes)
    assert codes.count(KILLED) > 70

    everything = depots(tmp_path / "all", range(len(kills)))
    for place in (home, unharmed):
        assert victim("--home", place, "import", everything) == 0
        assert victim("--home", place, "build", "--today", DAY) == 0
    assert marts(home) == marts(unharmed)


def test_a_build_killed_at_any_moment_leaves_a_whole_one_published(
    victim: Victim, home: Path, tmp_path: Path
) -> None:
    unharmed, rows = shutil.copytree(home, tmp_path / "unharmed"), landed_rows(home)
    watch, codes = Watch(home), []
    for number, kill in enumerate(moments(seed=2, times=22, longest=0.6)):
        day = f"{DAY + timedelta(days=number)}"
        codes.append(victim("--home", home, "build", "--today", day, **kill))
        watch.look(kill)
        if number % 10 == 9:
            assert victim("--home", home, "build", "--today", day) == 0, kill
            watch.look_at_rest(kill)
            assert (last_build(home) or {})["through_date"] == day
    assert_killed_at_every_step(codes)
    assert codes.count(KILLED) > 20
    assert landed_rows(home) == rows

    assert victim("--home", unharmed, "build", "--today", day) == 0
    assert marts(home) == marts(unharmed)


@pytest.mark.parametrize("command", ["import", "build"])
def test_a_second_writer_stops_at_once_and_names_the_first(
    tenet_command: Command, home: Path, folder: Path, command: str
) -> None:
    arguments = [folder] if command == "import" else []
    start = datetime(2024, 1, 5, 12, 34, 56, tzinfo=UTC)
    with writing(home, start):
        run = tenet_command("--home", home, command, *arguments)
    assert (run.returncode, run.stdout) == (75, "")
    assert f"pid {os.getpid()}, since 2024-01-05 12:34:56 UTC" in run.stderr
    assert len(run.stderr.splitlines()) == 2
    assert tenet_command("--home", home, command, *arguments).returncode == 0


def test_reading_goes_on_while_another_process_writes(tenet_command: Command, home: Path) -> None:
    with writing(home, AT):
        for arguments in (["status"], ["networth"], ["sql", "select 1"], ["export", home / "out"]):
            assert tenet_command("--home", home, *arguments).returncode == 0


def test_the_lock_of_a_dead_process_blocks_nobody(
    tenet_command: Command, home: Path, folder: Path
) -> None:
    hold = (
        "import os, signal, sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from tenet.home import writing\n"
        "with writing(Path(sys.argv[1]), datetime.now(UTC)): os.kill(os.getpid(), signal.SIGKILL)"
    )
    dead = subprocess.run([sys.executable, "-c", hold, str(home)], check=False)
    assert dead.returncode == KILLED
    assert re.match(r"pid \d+", (home / ".lock.holder").read_text())
    assert tenet_command("--home", home, "import", folder).returncode == 0
