"""A past value never changes without a recorded reason: what changed, when it was seen, and why."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import HOUSEHOLD, write_folder

import tenet
from tenet import audit, build, database, lake
from tenet.build import build_as_known
from tenet.landings import landings
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

AT = datetime(2024, 1, 6, 12, tzinfo=UTC)
THROUGH = date(2024, 1, 4)

CLOSE = "security_id,price_date,source,close,currency,basis,observed_at\n"
LATER = "2024-01-06T12:00:00Z"


def build_again(
    home: Path,
    *,
    through: date = THROUGH,
    at: datetime = AT,
    full: bool = False,
    **options: int,
) -> None:
    settings = load(home, timezone="UTC", **options)
    build.build(settings, through=through, at=at, full=full)


def land(home: Path, folder: Path, **tables: str) -> None:
    files = {path.stem: path for path in write_folder(folder, tables).iterdir()}
    lake.land(home, "import", files, at=AT)


def restated(home: Path) -> list[tuple[object, ...]]:
    """Day of the month, security, old value, new value, cause."""
    rows = audit.restatements(tenet.open(home), by_day=True).iter_rows(named=True)
    return [
        (
            row["valuation_date"].day,
            row["security_id"],
            *(
                None if row[name] is None else float(row[name])
                for name in ("old_value", "new_value")
            ),
            row["cause"],
        )
        for row in rows
    ]


CASES = {
    "a corrected close": (
        {"closes": f"{CLOSE}AAPL,2024-01-02,yahoo,186.00,USD,split_adjusted,{LATER}\n"},
        [(2, "AAPL", 1856.4, 1860.0, "price")],
    ),
    "a close that comes late": (
        {"closes": f"{CLOSE}AAPL,2024-01-01,yahoo,180.00,USD,split_adjusted,{LATER}\n"},
        [(1, "AAPL", 1856.4, 1800.0, "price")],
    ),
    "a mark": (
        {
            "price_marks": "security_id,price_date,edited_at,price,currency\n"
            f"AAPL,2024-01-02,{LATER},190,USD\n"
        },
        [(2, "AAPL", 1856.4, 1900.0, "mark")],
    ),
    "a corrected rate": (
        {
            "fx_rates": "currency,quote_currency,rate_date,source,rate,observed_at\n"
            f"EUR,USD,2024-01-02,ecb,1.20,{LATER}\n"
        },
        [(2, "_CASH:EUR", 1100.0, 1200.0, "rate")],
    ),
    "a split that comes late": (
        {
            "splits": "security_id,split_date,ratio,source,observed_at\n"
            f"AAPL,2024-01-02,2,yahoo,{LATER}\n"
        },
        [(2, "AAPL", 1856.4, 3712.8, "split")],
    ),
    "a snapshot that comes late": (
        {
            "accounts": HOUSEHOLD["accounts"],
            "snapshots": "snapshot_id,account_id,observed_at,status,currency\n"
            "s3,bank:1,2024-01-02T20:00:00Z,success,EUR\n",
            "holdings": "snapshot_id,security_id,account_id,quantity,currency\n"
            "s3,_CASH:EUR,bank:1,1500,EUR\n",
        },
        [(2, "_CASH:EUR", 1100.0, 1650.0, "snapshot")],
    ),
    "an account that was closed earlier": (
        {
            "account_edits": "account_id,edited_at,active,deactivated_at\n"
            f"bank:1,{LATER},false,2024-01-01T12:00:00Z\n"
        },
        [(2, "_CASH:EUR", 1100.0, None, "edit")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_changed_past_day_is_told_with_its_cause_and_the_last_day_is_not(
    home: Path, tmp_path: Path, case: str
) -> None:
    tables, expected = CASES[case]
    land(home, tmp_path / "later", **tables)
    build_again(home)
    assert restated(home) == expected


def test_another_day_of_the_same_facts_restates_nothing(home: Path) -> None:
    build_again(home)
    assert restated(home) == []


def test_a_setting_that_changes_values_is_the_cause(home: Path) -> None:
    build_again(home, through=date(2024, 1, 9))
    build_again(home, through=date(2024, 1, 9), stale_price_days=0)
    assert {row[-1] for row in restated(home)} <= {"setting"}


def test_a_landing_that_vanished_is_told(home: Path, tmp_path: Path) -> None:
    land(home, tmp_path / "later", **CASES["a corrected close"][0])
    build_again(home)
    (corrected,) = [one for one in landings(home) if one.datasets == ("closes",)]
    shutil.rmtree(corrected.path)
    build_again(home)
    assert (2, "AAPL", 1860.0, 1856.4, "landing_lost") in restated(home)


@pytest.mark.parametrize("later", [{}, CASES["a corrected rate"][0]])
def test_what_was_altered_by_hand_is_told_as_damage(
    home: Path, tmp_path: Path, later: dict[str, str]
) -> None:
    """By a repair, and by any build of what has landed since."""
    build_again(home)
    connection = database.connect()
    connection.execute(f"attach {database.literal(home / 'tenet.duckdb')} as damaged")
    connection.execute(
        "update damaged.daily_holding_values set market_value_base = 1 "
        "where security_id = 'AAPL' and valuation_date = '2024-01-02'"
    )
    connection.execute(
        "delete from damaged.daily_holding_values "
        "where account_id = 'bank:1' and valuation_date = '2024-01-01'"
    )
    connection.close()
    if later:
        land(home, tmp_path / "later", **later)
    build_again(home, full=True)
    found = restated(home)
    assert (2, "AAPL", 1.0, 1856.4, "damage") in found
    assert (1, "_CASH:EUR", None, 1100.0, "damage") in found
    rest = [row for row in found if row[-1] != "damage"]
    assert rest == [(day, "_CASH:EUR", 1100.0, 1200.0, "rate") for day in (2, 3) if later]


def test_a_restatement_stays_told_by_every_later_build(home: Path, tmp_path: Path) -> None:
    land(home, tmp_path / "later", **CASES["a corrected close"][0])
    build_again(home)
    build_again(home, through=date(2024, 1, 8))
    (home / "tenet.duckdb").unlink()
    build_again(home, through=date(2024, 1, 8))
    assert restated(home) == CASES["a corrected close"][1]


def test_a_build_that_was_stopped_before_it_was_published_restated_nothing(
    home: Path, tmp_path: Path
) -> None:
    names = ("tenet.duckdb", "build.json")
    land(home, tmp_path / "later", **CASES["a corrected close"][0])
    before = {name: (home / name).read_bytes() for name in names}
    build_again(home)
    for name in names:
        (home / name).write_bytes(before[name])
    land(home, tmp_path / "more", **CASES["a corrected rate"][0])
    build_again(home)
    assert sorted(row[0:2] for row in restated(home)) == [(2, "AAPL"), (2, "_CASH:EUR")]


def test_a_value_that_comes_and_goes_is_told_each_time(home: Path, tmp_path: Path) -> None:
    text = CLOSE + "AAPL,2024-01-02,yahoo,{},USD,split_adjusted,2024-01-0{}T12:00:00Z\n"
    for number, close in enumerate(("186.00", "185.64", "186.00"), start=6):
        land(home, tmp_path / f"{number}", closes=text.format(close, number))
        build_again(home, at=AT + timedelta(days=number))
    assert [row[2:4] for row in restated(home)] == [
        (1856.4, 1860.0),
        (1860.0, 1856.4),
        (1856.4, 1860.0),
    ]


def test_a_build_of_its_own_notes_is_unchanged(home: Path, tmp_path: Path) -> None:
    land(home, tmp_path / "later", **CASES["a corrected close"][0])
    settings = load(home, timezone="UTC")
    assert build.build(settings, through=THROUGH, at=AT)[1]
    assert not build.build(settings, through=THROUGH, at=AT)[1]


def test_what_was_known_on_a_day_is_built_of_what_had_landed(home: Path, tmp_path: Path) -> None:
    land(home, tmp_path / "later", **CASES["a corrected close"][0])
    build_again(home)
    settings, file = load(home, timezone="UTC"), tmp_path / "known.duckdb"
    build_as_known(settings, on=date(2024, 1, 5), at=AT, into=file)
    connection = database.connect_reading(file)
    query = (
        "select market_value_base from daily_holding_values "
        "where security_id = 'AAPL' and valuation_date = '2024-01-02'"
    )
    assert float(connection.execute(query).fetchall()[0][0]) == 1856.4
    connection.close()
    assert float(tenet.open(home).sql(query).item()) == 1860.0


def test_the_command_line_tells_runs_of_days_and_what_was_known(
    home: Path, tmp_path: Path, tenet_command: Callable[..., Run]
) -> None:
    land(home, tmp_path / "later", **CASES["a corrected close"][0])
    assert tenet_command("--home", home, "build", "--today", "2024-01-04").returncode == 0
    told = tenet_command("--home", home, "restatements", "--csv")
    assert ",price,broker:1,AAPL,2024-01-02,2024-01-02,1,1856.40,1860.00,3.60,3.60" in told.stdout
    none = tenet_command("--home", home, "restatements", "--since", "2100-01-01")
    assert "no past value was changed" in none.stderr
    wrong = tenet_command("--home", home, "restatements", "--since", "nonsense")
    assert wrong.returncode == 2
    early = tenet_command("--home", home, "build", "--as-known-on", "2023-12-31")
    assert (early.returncode, "nothing was landed" in early.stderr) == (2, True)
    future = tenet_command("--home", home, "build", "--as-known-on", "2999-01-01")
    assert (future.returncode, "yet to come" in future.stderr) == (2, True)
    known = tenet_command("--home", home, "build", "--as-known-on", "2024-01-05")
    assert known.stdout.strip().endswith("as-known-on-2024-01-05.duckdb")
