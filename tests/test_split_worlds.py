"""Values around splits are the true ones, whatever is made of it; or they are listed."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from households import KEY, Household, valued, values
from split_worlds import LAGS, THROUGH, World, raw, world

if TYPE_CHECKING:
    from pathlib import Path

    from households import Row


def worlds(seed: int, number: int, splits: int, lags: tuple[int, ...]) -> list[World]:
    chance = random.Random(seed)
    return [world(f"W{n}", chance, splits=splits, lags=lags) for n in range(number)]


def is_true(row: Row, value: Fraction) -> bool:
    """Right to a hundred-thousandth and two cents: what is sent is rounded."""
    found = row["market_value"]
    return found is not None and abs(Fraction(found) - value) <= abs(value) / 100_000 + Fraction(
        1, 50
    )


@pytest.mark.parametrize(
    ("splits", "lags"),
    [(1, LAGS), (2, (0,))],
    ids=["brokers out of step", "splits close together"],
)
def test_values_around_splits_are_true_or_listed_as_unclear(
    tmp_path: Path, splits: int, lags: tuple[int, ...]
) -> None:
    known = worlds(7, 400, splits, lags)
    rows = valued(tmp_path / "home", Household(raw(known), THROUGH, "UTC", "USD"))
    found = {(row["security_id"], row["valuation_date"]): row for row in rows}
    issues = values(tmp_path / "home", "price_issues")
    unclear = {row["source"] for row in issues if row["kind"] == "split_count_unclear"}
    wrong = [
        found[one.name, day]
        for one in known
        for day, value in one.true_values().items()
        if not is_true(found[one.name, day], value)
    ]
    assert sorted({row["snapshot_id"] for row in wrong} - unclear) == []
    kinds = {row["kind"] for row in issues}
    assert {"split_not_restated", "split_applied_twice", "split_price_late"} <= kinds
    assert splits == 2 or {"split_count_late", "split_count_early"} <= kinds


@pytest.mark.parametrize("splits", [1, 2])
def test_the_models_read_splits_as_the_oracle_does(tmp_path: Path, splits: int) -> None:
    household = Household(raw(worlds(8, 60, splits, LAGS)), THROUGH, "UTC", "USD")
    found = {tuple(row[name] for name in KEY): row for row in valued(tmp_path / "home", household)}
    expected = {tuple(row[name] for name in KEY): row for row in household.expected()}
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert {name: found[key][name] for name in row} == row
