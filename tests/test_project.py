"""The reference tables are well formed, and the project's own files agree with each other."""

import ast
import csv
import re
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from tenet import resources

ROOT = Path(__file__).resolve().parent.parent
TABLES = ["annual_returns", "cash_tickers", "currencies", "minor_units"]


def rows(table: str) -> list[dict[str, str]]:
    with (resources.folder("data") / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def codes() -> set[str]:
    return {row["code"] for row in rows("currencies")}


@pytest.mark.parametrize("table", TABLES)
def test_a_reference_table_is_sorted_by_its_unique_key(table: str) -> None:
    keys = [next(iter(row.values())) for row in rows(table)]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize("table", TABLES)
def test_the_readme_of_data_explains_each_table_and_each_column(table: str) -> None:
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    section = text.split(f"## {table}.csv\n")[1].split("\n## ")[0]
    explained = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert explained == list(rows(table)[0])
    assert "Source: " in section


def test_the_project_ships_these_tables_and_no_others() -> None:
    kept = re.findall(r"^!/data/(\w+)\.csv$", (ROOT / ".gitignore").read_text(), re.MULTILINE)
    assert kept == TABLES


def test_a_currency_has_a_code_of_three_capitals_a_name_and_up_to_four_digits() -> None:
    for row in rows("currencies"):
        assert re.fullmatch(r"[A-Z]{3}", row["code"]), row
        assert row["name"] == row["name"].strip() != "", row
        assert row["minor_digits"] in {"0", "2", "3", "4"}, row


def test_a_minor_unit_is_a_fraction_of_a_known_currency_and_is_none_itself() -> None:
    for row in rows("minor_units"):
        assert row["major_currency"] in codes(), row
        assert row["code"] not in codes(), row
        assert Decimal(row["major_per_minor"]) in (Decimal("0.01"), Decimal("0.001")), row


def test_a_cash_ticker_is_in_upper_case_and_names_a_known_currency_or_none() -> None:
    for row in rows("cash_tickers"):
        assert row["security_id"] == row["security_id"].upper(), row
        assert row["currency"] in codes() | {""}, row


def test_annual_returns_are_fractions_for_every_year() -> None:
    table = rows("annual_returns")
    assert [int(row["year"]) for row in table] == list(range(1928, 1928 + len(table)))
    returns = [Decimal(value) for row in table for name, value in row.items() if name != "year"]
    assert all(-1 < value < 1 for value in returns)


def test_the_folders_that_ship_are_found_in_a_checkout() -> None:
    assert resources.folder("sql") == ROOT / "sql"
    assert resources.folder("notebooks") == ROOT / "notebooks"
    assert resources.folder("data") == ROOT / "data"


def requirements(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    listed = project["dependencies"] + [each for extra in extras for each in optional[extra]]
    return {re.split("[>;]", each)[0] for each in listed}


IMPORTED_AS = {
    "python-dotenv": "dotenv",
    "pyjwt": "jwt",
    "pyyaml": "yaml",
    "vl-convert-python": "vl_convert",
}


def test_every_library_that_tenet_imports_is_declared() -> None:
    imported = set()
    for path in (ROOT / "tenet").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "tenet").split(".")[0])
    named = requirements("keyring", "postgres", "ray", "bench")
    declared = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in named}
    assert imported <= declared | set(sys.stdlib_module_names) | {"tenet"}


def test_constraints_pin_every_requirement_and_hold_nothing_but_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", pin) for pin in pins)
    assert requirements("test", "check") <= {pin.split("==")[0] for pin in pins}
