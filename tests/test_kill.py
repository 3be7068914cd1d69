"""`kill -9` at any moment of an import or a build loses nothing; two writers never meet."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from conftest import AT

import tenet
from tenet.home import writing
from tenet.landings import Landing, landings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

    Command = Callable[..., Run]
    Victim = Callable[..., int]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 and fork are posix only")

DAY = date(2024, 1, 4)
KILLED = -signal.SIGKILL if hasattr(signal, "SIGKILL") else None
# What lies in a home that is at rest.
AT_REST = {".lock", ".lock.holder", "build.json", "raw", "tenet.duckdb"}


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    """Runs a command in a process of its own, to be killed or not; see tests/victim.py."""
    environment = {name: value for name, value in os.environ.items() if name[:6] != "TENET_"}
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("victim.py"))],
        env=environment | {"TENET_TIMEZONE": "UTC"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def run(*arguments: object, **kill: float) -> int:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps({"arguments": [*map(str, arguments)], **kill}) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield run
        assert process.stdin
        process.stdin.close()


STEPS = 32


def moments(seed: int, longest: float) -> list[dict[str, float]]:
    """Forty moments to be killed at: each step that Python takes on files, and times between."""
    chance = random.Random(seed)
    steps: list[dict[str, float]] = [{"step": step} for step in range(1, STEPS + 1)]
    return steps + [{"seconds": chance.uniform(0, longest)} for _ in range(40 - STEPS)]


def assert_killed_at_every_step(codes: list[int]) -> None:
    """A command has fewer steps than STEPS, so the last of them is never reached."""
    assert set(codes) == {KILLED, 0}
    assert codes[0] == KILLED
    assert codes[STEPS - 1] == 0


def more(folder: Path, number: int) -> Path:
    """A folder to import: closes and splits of a security of its own."""
    folder.mkdir()
    days = [date(2023, 1, 1) + timedelta(days=day) for day in range(200)]
    plain = {"security_id": f"X{number}", "observed_at": AT}
    closes = plain | {"source": "yahoo", "close": 1.5, "currency": "USD", "basis": "as_traded"}
    pl.DataFrame([closes | {"price_date": day} for day in days]).write_parquet(
        folder / "closes.parquet"
    )
    splits = plain | {"ratio": 2.0}
    pl.DataFrame([splits | {"split_date": day} for day in days[:9]]).write_parquet(
        folder / "splits.parquet"
    )
    return folder


def landed(landing: Landing) -> dict[str, int]:
    """Rows by dataset. Reading them proves the files whole."""
    return {path.stem: len(pl.read_parquet(path)) for path in landing.path.glob("*.parquet")}


def test_an_import_killed_at_any_moment_lands_whole_or_not_at_all(
    victim: Victim, home: Path, tmp_path: Path
) -> None:
    published = (home / "tenet.duckdb").read_bytes()
    codes = []
    for number, kill in enumerate(moments(seed=1, longest=0.15)):
        folder = more(tmp_path / f"more {number}", number)
        before = landings(home)
        codes.append(victim("--home", home, "import", folder, **kill))

        new = [landing for landing in landings(home) if landing not in before]
        assert [landed(landing) for landing in new] in ([], [{"closes": 200, "splits": 9}]), kill
        assert (home / "tenet.duckdb").read_bytes() == published

        if number % 4 == 3:
            assert victim("--home", home, "import", folder) == 0, kill
            assert len(landings(home)) == len(before) + 1, kill
            assert not [*home.glob("raw/.incoming/*")], kill
            assert {path.name for path in home.iterdir()} <= AT_REST, kill
    assert_killed_at_every_step(codes)
    assert not [*home.glob("*.wal")]


def test_a_build_killed_at_any_moment_leaves_a_whole_one_published(
    victim: Victim, home: Path
) -> None:
    reached, codes = DAY - timedelta(days=1), []
    for number, kill in enumerate(moments(seed=2, longest=0.4)):
        day = DAY + timedelta(days=number)
        codes.append(victim("--home", home, "build", "--today", day, **kill))

        assert not [*home.glob("tenet.duckdb.wal")]
        through = whole_build(home)
        assert through in (reached, day), kill
        reached = through
        if number % 8 == 7:
            assert victim("--home", home, "build", "--today", day) == 0, kill
            assert whole_build(home) == day
            assert {path.name for path in home.iterdir()} <= AT_REST, kill
            reached = day
    assert_killed_at_every_step(codes)

    rows = tenet.open(home).read("daily_holding_values").rows()
    (home / "tenet.duckdb").unlink()
    assert victim("--home", home, "build", "--today", reached) == 0
    assert sorted(map(str, tenet.open(home).read("daily_holding_values").rows())) == sorted(
        map(str, rows)
    )


def whole_build(home: Path) -> date:
    """The last day of the published build, which is proved to be of one piece."""
    with tenet.open(home).connection() as connection:
        ((through, counted),) = connection.execute(
            "select through_date, row_counts['net_worth_daily'] from build_info"
        ).fetchall()
        days, last, total = one(
            connection.execute(
                "select count(*), max(valuation_date), sum(net_worth) from net_worth_daily"
            ).fetchall()
        )
    assert (days, last) == (counted, through)
    # 2,756.40 on each of the first two days, then 2,742.50.
    assert total == 2 * Decimal("2756.40") + (days - 2) * Decimal("2742.50")
    assert isinstance(through, date)
    return through


def one(rows: list[Any]) -> Any:
    (row,) = rows
    return row


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
