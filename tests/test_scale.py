"""A build in shards of accounts: its stages, its balance, its folder; and that its rows are the same."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import AT
from sharded import THROUGH, crossing_home, differences

from tenet import demo, models, resources
from tenet.build import build, ingredients
from tenet.database import connect
from tenet.demo.landing import land
from tenet.errors import HomeNotWritable, KeyViolated, ModelFailed, OtherRules, OutputRefused
from tenet.errors import RefreshRunning, TenetError
from tenet.landings import landings
from tenet.scale import output
from tenet.scale.balance import balanced
from tenet.scale.private import Power, private_database
from tenet.scale.stages import staged
from tenet.scale.work import Job, accounts_of_shards, carry_out
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run
    from tenet.models import Model
    from tenet.scale.work import Written

    Command = Callable[..., Run]

POWER = Power(threads=1, memory=500_000_000)


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The household with whatever crosses accounts, landed and built."""
    return crossing_home(tmp_path_factory.mktemp("crossing"))


def job(home: Path, out: Path, shards: int, through: date = THROUGH) -> Job:
    settings = load(home, timezone="UTC")
    made_of = ingredients(settings, landings(home), through=through, at=AT)
    return Job(made_of, out, out / ".building-here", shards)


def in_stages(work: Job) -> list[Written]:
    """The three stages of a build, one after the other in this process."""
    written = carry_out(work, "before", POWER)
    count = len(accounts_of_shards(work))
    for shard in range(count):
        written += carry_out(work, "shards", POWER, shard=shard, of=count)
    return written + carry_out(work, "after", POWER, of=count)


@pytest.mark.parametrize("shards", [1, 3, 9])
def test_a_build_in_shards_has_the_rows_of_a_build_at_once(
    crossing: Path, tmp_path: Path, shards: int
) -> None:
    work = job(crossing, tmp_path / "out", shards)
    written = in_stages(work)
    assert differences(crossing, work.tables) == {}
    assert len(accounts_of_shards(work)) == min(shards, 5)
    values = [one.rows for one in written if one.table == "daily_holding_values"]
    assert sum(values) == 133


def test_the_demo_in_shards_has_the_rows_of_a_build_at_once(tmp_path: Path) -> None:
    through, home = date(2025, 12, 31), tmp_path / "home"
    land(home, through=through, at=AT)
    build(load(home, timezone="UTC"), through=through, at=AT)
    work = job(home, tmp_path / "out", 3, through)
    in_stages(work)
    assert differences(home, work.tables) == {}


def test_an_empty_home_gives_empty_tables(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    build(load(home, timezone="UTC"), through=THROUGH, at=AT)
    work = job(home, tmp_path / "out", 4)
    assert {one.rows for one in in_stages(work)} == {0}
    assert differences(home, work.tables) == {}
