"""The cases of ../shared/oracles.json by their kind; one skipped case where it is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
_FILE = SHARED / "oracles.json"
Case = dict[str, Any]


def oracles(*kinds: str) -> list[Any]:
    """A pytest parameter for each case of the kinds."""
    if not _FILE.exists():
        reason = "the planning oracles lie outside the project and are not here"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    cases = json.loads(_FILE.read_text())["cases"]
    return [pytest.param(case, id=case["id"]) for case in cases if case["kind"] in kinds]


def kinds() -> set[str]:
    """Every kind there is."""
    return {case["kind"] for case in json.loads(_FILE.read_text())["cases"]}


def past(name: str) -> pl.DataFrame:
    """A table of the folder history."""
    return pl.read_csv(SHARED / "history" / name)


def timing(case: Case) -> Any:
    """As the engine calls it."""
    return "start" if case["inputs"].get("timing", "begin") == "begin" else "end"
