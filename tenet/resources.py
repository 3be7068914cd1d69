"""Where the files that ship with the package lie: SQL models, notebooks, reference tables."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Literal["sql", "notebooks", "data"]) -> Path:
    """The folder of that name: beside the package in a checkout, inside it when from a wheel.

    pyproject.toml says what a wheel holds as `tenet/_sql`, `tenet/_notebooks` and `tenet/_data`.
    """
    packaged = _PACKAGE / f"_{name}"
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


@cache
def codes(table: Literal["currencies", "minor_units"]) -> frozenset[str]:
    """The codes of a reference table of currencies."""
    with (folder("data") / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return frozenset(row["code"] for row in csv.DictReader(file))
