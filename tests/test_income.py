"""Income: what was paid, by what, and what the next year may bring."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tables import answer

import tenet
from tenet.income import forward, income

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    Command = Callable[..., Run]


def workspace(folder: Path) -> tenet.Workspace:
    """X, bought for 800, pays 10 twice when it is worth 1,000; cash of 500 bears 5; Y is sold."""
    answer(
        folder,
        "select 1",
        through="2024-12-31",
        snapshots="""
            snapshot_id  account_id  observed_at
            s1           broker:1    2024-01-01T20:00Z
            s2           broker:1    2024-12-31T20:00Z
        """,
        holdings="""
            snapshot_id  security_id  account_id  quantity  cost_basis  name
            s1           X            broker:1    10        800         Ex
            s1           Y            broker:1    1         -           -
            s1           USD          broker:1    500       -           -
            s2           X            broker:1    20        1600        Ex
            s2           USD          broker:1    1000      -           -
        """,
        closes="""
            security_id  price_date  close
            X            2024-01-01  100
            X            2024-12-31  75
            Y            2024-01-01  50
        """,
        activities="""
            account_id  external_id  activity_date  type          security_id  amount
            broker:1    1            2024-03-01     dividend      X            10
            broker:1    2            2024-09-01     dividend      X            10
            broker:1    3            2024-09-02     interest      -            5
            broker:1    4            2024-09-03     distribution  Y            7
            broker:1    5            2023-06-01     dividend      X            99
        """,
    )
    (folder / "household.duckdb").rename(folder / "tenet.duckdb")
    return tenet.open(folder)


def test_income_is_told_by_security_account_and_month(tmp_path: Path) -> None:
    found = workspace(tmp_path)
    columns = ["dividends", "interest", "distributions", "told"]
    by_security = income(found, by="security", year=2024)
    assert by_security.select("name", *columns).rows() == [
        ("Ex", 20, 0, 0, 20),
        ("Y", 0, 0, 7, 7),
        ("cash", 0, 5, 0, 5),
    ]
    assert income(found, by="account").select("account_id", "told").rows() == [("broker:1", 131)]
    by_month = income(found, by="month", year=2024).select("month", "told").rows()
    assert by_month == [("2024-03", 10), ("2024-09", 22)]


def test_the_next_year_is_as_the_last_one_at_todays_values(tmp_path: Path) -> None:
    """X: 2 % of 1,500 is 30: 2 % on value, 1.875 % on its cost of 1,600. Cash: 1 % of 1,000."""
    rows = forward(workspace(tmp_path)).to_dicts()
    asked = ("security_name", "last_year", "next_year", "yield_on_value", "yield_on_cost")
    assert [tuple(row[name] for name in asked) for row in rows] == [
        ("Ex", 20, 30, 0.02, 0.01875),
        ("cash", 5, 10, 0.01, None),
        ("Y", 7, 0, None, None),
    ]


def test_the_command_prints_rows(tenet_command: Command, home: Path) -> None:
    assert json.loads(tenet_command("--home", home, "income", "--json").stdout) == []
    header = tenet_command("--home", home, "income", "--by", "security", "--csv").stdout
    assert header.startswith("security_id,name,dividends,interest")
    assert "next_year" in tenet_command("--home", home, "income", "--forward").stdout
    refused = tenet_command("--home", home, "income", "--forward", "--year", "2024")
    assert (refused.returncode, "not of --year" in refused.stderr) == (2, True)
