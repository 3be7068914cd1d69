"""Reading never blocks refreshing and is never blocked; each answer is from one build."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from conftest import AT

import tenet
from tenet import lake
from tenet.build import build
from tenet.home import writing
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REBUILDS = 20

# One question, which compares what build_info says with what two marts of the same file say.
QUESTION = """
    select
        build_info.through_date as told,
        build_info.row_counts['daily_holding_values'] as told_rows,
        (select max(valuation_date) from net_worth_daily) as last_day,
        (select count(*) from daily_holding_values) as found_rows,
        (select sum(net_worth) from net_worth_daily) as net_worth,
        (select sum(market_value_base) from daily_holding_values) as values
    from build_info
"""

LOOP = f"""
import sys, time
from pathlib import Path
import tenet
workspace, stop = tenet.open(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
while not stop.exists():
    row = workspace.sql({QUESTION!r}).row(0)
    print(row[0] == row[2] and row[1] == row[3] and row[4] == row[5], row[0], flush=True)
    time.sleep(0.02)  # leaves the build some of a small machine
"""


def rebuilds(home: Path, count: int) -> Iterator[date]:
    """Builds of alternating content: each has another last day, and another price of all days."""
    for number in range(count):
        at = AT + timedelta(minutes=number)
        close = {
            "security_id": "AAPL",
            "price_date": date(2024, 1, 2),
            "source": "yahoo",
            "close": Decimal(100 + number),
            "currency": "USD",
            "basis": "as_traded",
            "observed_at": at,
        }
        day = date(2024, 1, 3) + timedelta(days=number % 2)
        with writing(home, at):
            lake.land(home, "prices", {"closes": pl.DataFrame([close])}, at=at)
            build(load(home, timezone="UTC"), through=day, at=at)
        yield day


def test_a_reader_in_another_process_never_sees_an_error_or_a_mixture(
    home: Path, tmp_path: Path
) -> None:
    stop = tmp_path / "stop"
    with subprocess.Popen(
        [sys.executable, "-c", LOOP, str(home), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == "ready\n"
        for _ in rebuilds(home, REBUILDS):
            pass
        stop.touch()
        answers, errors = reader.communicate()
    assert (reader.returncode, errors) == (0, "")
    assert len(answers.splitlines()) >= REBUILDS // 2
    assert {line.split()[0] for line in answers.splitlines()} == {"True"}
    assert {line.split()[1] for line in answers.splitlines()} == {"2024-01-03", "2024-01-04"}


def test_readers_in_threads_of_the_building_process_never_see_an_error_or_a_mixture(
    home: Path,
) -> None:
    stop = threading.Event()
    answers: list[tuple[Any, ...]] = []
    failures: list[BaseException] = []

    def read() -> None:
        workspace = tenet.open(home)
        try:
            while not stop.is_set():
                answers.append(workspace.sql(QUESTION).row(0))
                stop.wait(0.02)
        except BaseException as error:  # noqa: BLE001 (whatever it is, the test tells it)
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in rebuilds(home, 4):
        pass
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(answers) > 5
    assert [row for row in answers if (row[0], row[1], row[4]) != (row[2], row[3], row[5])] == []


def test_each_rebuild_is_seen_by_the_next_question_even_while_an_old_connection_is_open(
    home: Path,
) -> None:
    workspace = tenet.open(home)
    with workspace.connection() as old:
        first = old.execute(QUESTION).fetchall()
        revisions = {workspace.revision}
        for day in rebuilds(home, 5):
            row = workspace.sql(QUESTION).row(0)
            assert (row[0], row[4]) == (day, row[5])
            revisions.add(workspace.revision)
        assert old.execute(QUESTION).fetchall() == first
    assert len(revisions) == 6


def test_an_open_connection_does_not_keep_a_build_from_being_published(home: Path) -> None:
    with tenet.open(home).connection() as connection:
        relation = connection.execute("select * from daily_holding_values")
        day = next(rebuilds(home, 1))
        assert len(relation.fetchall()) == 9
    assert tenet.open(home).sql("select through_date from build_info").item() == day
    assert not (home / "tenet.duckdb.wal").exists()
    assert datetime.fromisoformat(
        str(tenet.open(home).sql("select built_at from build_info").item())
    )
