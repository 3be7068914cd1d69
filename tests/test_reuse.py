"""A build that keeps days of the published one says what a build of every day says, row for row."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import write_folder
from households import FIRST, LANDED, Household, Row, frame, households
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tenet import lake, models, resources
from tenet.build import build
from tenet.database import connect, connect_reading, literal
from tenet.home import Info, published
from tenet.settings import load

if TYPE_CHECKING:
    from random import Random

    from tenet.settings import Settings

OF_THE_BUILD = "build_info"
STEPS = 3
DAY_COLUMNS = ("price_date", "rate_date", "split_date", "observed_at", "edited_at")
AT = datetime(2024, 1, 8, 12, tzinfo=UTC)
CLOSE = "security_id,price_date,source,close,currency,basis,observed_at\n"
LATER = "2024-01-08T12:00:00Z"


def differing(one: Path, other: Path) -> list[str]:
    """The tables, notes of the build itself included, that two published files do not share."""
    connection = connect_reading(one)
    connection.execute(f"attach {literal(other)} as other (read_only)")
    tables = {
        name: {table for (table,) in connection.execute(f"show tables from {name}").fetchall()}
        for name in ("tenet", "other")
    }
    wrong = [*(tables["tenet"] ^ tables["other"])]
    for table in tables["tenet"] & tables["other"] - {OF_THE_BUILD}:
        mine, others = f"from tenet.{table}", f"from other.{table}"
        query = f"({mine} except all {others}) union all ({others} except all {mine})"
        if connection.execute(query).fetchone():
            wrong.append(table)
    connection.close()
    return wrong


def built_twice(kept: Settings, through: date, at: datetime) -> Info:
    """Build a home, and every day of a copy; both must be equal. Returns the first's facts."""
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "home"
        shutil.copytree(kept.home, other)
        build(kept.model_copy(update={"home": other}), through=through, at=at, full=True)
        info, _ = build(kept, through=through, at=at)
        assert differing(published(kept.home), published(other)) == []
    return info


def in_steps(household: Household, chance: Random) -> list[Household]:
    """Its rows as they become known: mostly in the order of their days, some of them late."""
    steps: list[dict[str, list[Row]]] = [{} for _ in range(STEPS)]
    of_snapshots: dict[str, int] = {}
    for name in sorted(household.raw, key=["accounts", "snapshots"].__contains__, reverse=True):
        for row in household.raw[name]:
            step = _step(row)
            if name == "holdings":
                step = of_snapshots[row["snapshot_id"]]
            elif name != "accounts" and chance.random() < 0.1:
                step = chance.randrange(step, STEPS)
            if name == "snapshots":
                step = of_snapshots.setdefault(row["snapshot_id"], step)
            steps[step].setdefault(name, []).append(row)
    return [replace(household, raw=step) for step in steps]


def _step(row: Row) -> int:
    days = [row[column] for column in DAY_COLUMNS if row.get(column)]
    day = days[0].date() if days and isinstance(days[0], datetime) else (days or [FIRST])[0]
    return max(0, min(STEPS - 1, (day - FIRST).days * STEPS // 24))


@settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.generate])
@given(households(), st.randoms(use_true_random=False))
def test_keeping_days_and_making_them_all_agree_whatever_becomes_known(
    household: Household, chance: Random
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        options: Any = {"timezone": household.timezone, "base_currency": household.base_currency}
        landed = LANDED
        for number, known in enumerate(in_steps(household, chance)):
            for tables in known.landings():
                landed += timedelta(hours=1)
                frames = {name: frame(name, rows) for name, rows in tables.items()}
                lake.land(home, "import", frames, at=landed)
            through = household.through - timedelta(days=5 * (STEPS - 1 - number))
            built_twice(load(home, **options), through, landed)


SNAPSHOT = "snapshot_id,account_id,observed_at,status,currency\n"
HOLDING = "snapshot_id,security_id,account_id,quantity,currency\n"
LATE = {
    "nothing but days": ({}, date(2024, 1, 3)),
    "the next close": (
        {"closes": f"{CLOSE}AAPL,2024-01-04,yahoo,181.91,USD,split_adjusted,{LATER}\n"},
        date(2024, 1, 3),
    ),
    "a corrected close": (
        {"closes": f"{CLOSE}AAPL,2024-01-02,yahoo,186.00,USD,split_adjusted,{LATER}\n"},
        date(2024, 1, 2),
    ),
    "a late snapshot": (
        {
            "snapshots": f"{SNAPSHOT}s3,broker:1,2024-01-02T20:00:00Z,success,USD\n",
            "holdings": f"{HOLDING}s3,AAPL,broker:1,12,USD\n",
        },
        date(2024, 1, 2),
    ),
    "a mark": (
        {
            "price_marks": "security_id,price_date,edited_at,price,currency\n"
            f"AAPL,2024-01-02,{LATER},190,USD\n"
        },
        date(2024, 1, 2),
    ),
    "a split": (
        {
            "splits": "security_id,split_date,ratio,source,observed_at\n"
            f"AAPL,2024-01-02,2,yahoo,{LATER}\n"
        },
        date(2024, 1, 2),
    ),
    "a corrected rate": (
        {
            "fx_rates": "currency,quote_currency,rate_date,source,rate,observed_at\n"
            f"EUR,USD,2024-01-02,ecb,1.20,{LATER}\n"
        },
        date(2024, 1, 2),
    ),
    "an account that left": (
        {
            "account_edits": "account_id,edited_at,active,deactivated_at\n"
            f"broker:1,{LATER},false,2024-01-03T12:00:00Z\n"
        },
        date(2024, 1, 3),
    ),
}


@pytest.mark.parametrize("case", LATE)
def test_what_becomes_known_is_made_from_the_first_day_that_it_reaches(
    home: Path, tmp_path: Path, case: str
) -> None:
    tables, made_from = LATE[case]
    if tables:
        files = {path.stem: path for path in write_folder(tmp_path / "late", tables).iterdir()}
        lake.land(home, "import", files, at=AT)
    info = built_twice(load(home, timezone="UTC"), date(2024, 1, 8), AT)
    assert info["made_from"] == made_from.isoformat()


def test_days_built_one_by_one_leave_a_file_of_the_usual_size(home: Path) -> None:
    settings = load(home, timezone="UTC")
    for number in range(4, 12):
        info, _ = build(settings, through=date(2024, 1, number), at=AT)
    assert info["made_from"] == "2024-01-10"
    grown = published(home).stat().st_size
    build(settings, through=date(2024, 1, 11), at=AT, full=True)
    assert grown < 2 * published(home).stat().st_size


def test_every_day_is_made_when_a_setting_that_values_depend_on_is_another(home: Path) -> None:
    info = built_twice(load(home, timezone="UTC", stale_price_days=3), date(2024, 1, 8), AT)
    assert info["made_from"] is None


def test_every_day_is_made_for_an_earlier_last_day(home: Path) -> None:
    info = built_twice(load(home, timezone="UTC"), date(2024, 1, 2), AT)
    assert info["made_from"] is None


def test_nothing_is_kept_of_a_file_that_was_altered(home: Path) -> None:
    connection = connect()
    connection.execute(f"attach {literal(published(home))} as altered")
    connection.execute("update altered.daily_holding_values set market_value_base = 1")
    connection.close()
    info = built_twice(load(home, timezone="UTC"), date(2024, 1, 8), AT)
    assert info["made_from"] is None


def test_nothing_is_kept_without_the_note_of_what_was_published(home: Path) -> None:
    (home / "build.json").unlink()
    info = built_twice(load(home, timezone="UTC"), date(2024, 1, 8), AT)
    assert info["made_from"] is None


def test_tables_kept_by_day_read_nothing_that_could_change_unseen() -> None:
    found = models.read_models(connect(), resources.folder("sql"))
    named = {model.name for model in found} | {"build_settings", "minor_units", "cash_tickers"}
    by_day = [model for model in found if "valuation_date" in model.apart]
    assert [model.name for model in by_day if not named.issuperset(model.reads)] == []
    assert [model.name for model in by_day if "valuation_date" not in model.keys] == []
