"""`kill -9` at any moment of an import or a build loses nothing; two writers never meet."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from conftest import AT, write_folder
from kills import KILLED, Watch, killed_at_every_step, no_fork
from marts import OF_THE_BUILD, landed_rows, marts

from tenet.home import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from conftest import Run
    from kills import Victim

    Command = Callable[..., Run]

pytestmark = no_fork

DAY = date(2024, 1, 4)


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
    whole = {"accounts", "closes", "holdings", "snapshots"}
    watch, numbers, chance = Watch(home), count(), random.Random(1)

    def run(**kill: float) -> int:
        number, before = next(numbers), watch.landed
        folder = depots(tmp_path / f"depot {number}", [number])
        code = victim("--home", home, "import", folder, **kill)
        watch.look(kill)
        assert {name for _, name in watch.landed - before} in (set(), whole), kill
        if number % 10 == 9:
            assert victim("--home", home, "import", folder) == 0, kill
            watch.look_at_rest(kill)
            assert {name for _, name in watch.landed - before} == whole, kill
        return code

    assert killed_at_every_step(lambda step: run(step=step)) > 12
    codes = [run(seconds=chance.uniform(0, 0.15)) for _ in range(75)]
    assert set(codes) <= {KILLED, 0}

    everything = depots(tmp_path / "all", range(next(numbers)))
    for place in (home, unharmed):
        assert victim("--home", place, "import", everything) == 0
        assert victim("--home", place, "build", "--today", DAY) == 0
    # Which build restated what is another in each; so are the sums of that table.
    apart = (*OF_THE_BUILD, "restatements", "build_checks")
    assert marts(home, without=apart) == marts(unharmed, without=apart)


def test_a_build_killed_at_any_moment_leaves_a_whole_one_published(
    victim: Victim, home: Path, tmp_path: Path
) -> None:
    unharmed, rows = shutil.copytree(home, tmp_path / "unharmed"), landed_rows(home)
    watch, days, chance = (
        Watch(home),
        iter(DAY + timedelta(days=n) for n in count()),
        random.Random(2),
    )

    def run(**kill: float) -> int:
        day = f"{next(days)}"
        code = victim("--home", home, "build", "--today", day, **kill)
        watch.look(kill)
        return code

    assert killed_at_every_step(lambda step: run(step=step)) > 8
    watch.look_at_rest("the last step")
    codes = [run(seconds=chance.uniform(0, 0.6)) for _ in range(24)]
    assert set(codes) <= {KILLED, 0}
    assert landed_rows(home) == rows

    day = f"{next(days)}"
    for place in (home, unharmed):
        assert victim("--home", place, "build", "--today", day) == 0
    watch.look_at_rest(day)
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
