"""The cash-flow-first rebalance: plain arithmetic, worked by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import rows

from tenet.analysis.rebalance import STEPS, rebalance, spread
from tenet.errors import NotEnough, NothingToRebalance, WrongSum

if TYPE_CHECKING:
    from collections.abc import Mapping

D = Decimal
HALVES = {"Bonds": D("0.5"), "Stocks": D("0.5")}
SCHEMA = {
    "account_id": pl.String(),
    "asset_class": pl.String(),
    "market_value_base": pl.Decimal(28, 2),
    "tax_bucket": pl.String(),
    "liquidity": pl.String(),
}


def held(text: str) -> pl.DataFrame:
    found = [
        row | {"market_value_base": D(row.pop("value") or 0), "liquidity": row.get("liquidity")}
        for row in rows(text)
    ]
    return pl.DataFrame(found, schema=SCHEMA)


def moves(text: str, targets: Mapping[str, Decimal], amount: str) -> list[str]:
    found, _ = rebalance(held(text), targets, D(amount))
    return [" ".join("-" if cell is None else str(cell) for cell in row) for row in found.rows()]


def missing(text: str, targets: Mapping[str, Decimal], amount: str) -> dict[str, Decimal]:
    _, classes = rebalance(held(text), targets, D(amount))
    return dict(classes.select("asset_class", "missing_base").rows())


PLAN_AND_DEPOT = """
account_id  asset_class  value  tax_bucket
depot       Bonds        100    taxable
depot       Stocks       500    taxable
plan        Bonds        100    deferred
plan        Stocks       100    deferred
"""


def test_new_money_goes_first_then_tax_free_accounts_then_sales() -> None:
    # 800 and 100 new are 900: 450 each. Stocks have 600 and Bonds 200. 100 are new, 100 is all
    # there is of Stocks in the plan, 50 are sold.
    assert moves(PLAN_AND_DEPOT, HALVES, "100") == [
        "new_money - - Bonds 100.00",
        "sheltered plan Stocks Bonds 100.00",
        "sale depot Stocks Bonds 50.00",
    ]
    assert set(missing(PLAN_AND_DEPOT, HALVES, "100").values()) == {D(0)}


def test_enough_new_money_needs_no_sale() -> None:
    # 800 and 500 are 1,300: 650 each; 50 and 450 are missing.
    assert moves(PLAN_AND_DEPOT, HALVES, "500") == [
        "new_money - - Bonds 450.00",
        "new_money - - Stocks 50.00",
    ]


def test_new_money_that_does_not_suffice_is_shared_by_what_is_missing() -> None:
    text = """
    account_id  asset_class  value  tax_bucket
    house       Gold         900    property
    bank        Cash         0      cash
    """
    # Of 1,000 each of Bonds and Stocks should have 500, 450 and 50 of it: nine to one.
    targets = {"Gold": D(0), "Bonds": D("0.9"), "Stocks": D("0.1")}
    assert moves(text, targets, "100") == [
        "new_money - - Bonds 90.00",
        "new_money - - Stocks 10.00",
    ]
    assert missing(text, targets, "100") == {"Bonds": D(810), "Gold": D(-900), "Stocks": D(90)}


def test_a_withdrawal_is_taken_from_what_there_is_too_much_of_cash_accounts_first() -> None:
    text = """
    account_id  asset_class  value  tax_bucket
    bank        Cash         300    cash
    depot       Cash         200    taxable
    depot       Stocks       500    taxable
    """
    targets = {"Cash": D("0.2"), "Stocks": D("0.8")}
    # 400 less are 600: Cash should be 120 and is 380 too much; Stocks 480 and is 20 too much.
    assert moves(text, targets, "-400") == [
        "withdrawal bank Cash - 300.00",
        "withdrawal depot Cash - 80.00",
        "withdrawal depot Stocks - 20.00",
    ]


def test_a_withdrawal_that_the_surplus_cannot_give_is_taken_from_the_rest() -> None:
    text = """
    account_id  asset_class  value  tax_bucket
    house       Gold         900    property
    bank        Cash         100    cash
    """
    targets = {"Gold": D("0.5"), "Cash": D("0.5")}
    assert moves(text, targets, "-60") == ["withdrawal bank Cash - 60.00"]
    with pytest.raises(NotEnough, match=r"100\.01 cannot be withdrawn") as refused:
        moves(text, targets, "-100.01")
    assert "100.00 can be moved" in refused.value.hint


def test_more_than_there_is_cannot_be_withdrawn() -> None:
    with pytest.raises(NotEnough, match=r"800\.01 cannot be withdrawn"):
        moves(PLAN_AND_DEPOT, HALVES, "-800.01")
    assert sum(D(row.split()[-1]) for row in moves(PLAN_AND_DEPOT, HALVES, "-800")) == 800


def test_what_is_illiquid_or_has_no_target_stays_where_it_is() -> None:
    text = """
    account_id  asset_class   value  tax_bucket  liquidity
    fund        Stocks        100    taxable     illiquid
    depot       unclassified  500    taxable     liquid
    """
    assert moves(text, HALVES, "0") == []
    assert missing(text, HALVES, "0") == {"Bonds": D(50), "Stocks": D(-50)}


def test_what_is_owed_in_a_class_is_made_up_for() -> None:
    text = """
    account_id  asset_class  value  tax_bucket
    depot       Cash         -100   taxable
    depot       Stocks       300    taxable
    """
    assert moves(text, {"Cash": D("0.5"), "Stocks": D("0.5")}, "0") == [
        "sale depot Stocks Cash 200.00"
    ]


def test_a_balanced_household_without_new_money_moves_nothing() -> None:
    text = """
    account_id  asset_class  value  tax_bucket
    depot       Bonds        50     taxable
    plan        Stocks       50     deferred
    """
    assert moves(text, HALVES, "0") == []


def test_targets_that_are_not_one_together_and_an_empty_household_are_refused() -> None:
    with pytest.raises(WrongSum, match=r"targets add up to 0\.99, not 1"):
        moves(PLAN_AND_DEPOT, {"Bonds": D("0.49"), "Stocks": D("0.5")}, "0")
    with pytest.raises(NothingToRebalance):
        rebalance(pl.DataFrame(schema=SCHEMA), HALVES, D(0))


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**12), min_size=1, max_size=6))
def test_what_is_spread_adds_up_and_is_within_one_of_its_share(
    amount: int, weights: list[int]
) -> None:
    total = sum(weights)
    over = {str(number): weight for number, weight in enumerate(weights)}
    parts = spread(amount, over)
    assert sum(parts.values()) == (amount if total else 0)
    for name, part in parts.items():
        assert abs(part * total - amount * over[name]) <= total


CLASSES = ["Bonds", "Cash", "Stocks"]
POSITIONS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(CLASSES), st.integers(0, 10**8)),
    min_size=1,
    unique_by=lambda of: of[:2],
)
WEIGHTS = st.tuples(st.integers(0, 10), st.integers(0, 10)).filter(lambda of: sum(of) <= 10)


@settings(derandomize=True)
@given(
    POSITIONS,
    st.lists(st.sampled_from(list(STEPS)), min_size=3, max_size=3),
    WEIGHTS,
    st.integers(-(10**6), 10**8),
)
def test_every_target_is_reached_where_all_can_be_moved(
    positions: list[tuple[str, str, int]],
    buckets: list[str],
    weights: tuple[int, int],
    cents: int,
) -> None:
    of_account = dict(zip("abc", buckets, strict=True))
    total = sum(value for _, _, value in positions)
    cents = max(cents, -total)
    if not total:
        return
    found = pl.DataFrame(
        [(a, c, D(value).scaleb(-2), of_account[a], "liquid") for a, c, value in positions],
        schema=SCHEMA,
        orient="row",
    )
    bonds, cash = (D(weight) / 10 for weight in weights)
    targets = {"Bonds": bonds, "Cash": cash, "Stocks": 1 - bonds - cash}
    made, classes = rebalance(found, targets, D(cents).scaleb(-2))

    assert set(classes["missing_base"].to_list()) == {D(0)}
    assert sum(classes["target_base"]) == D(total + cents).scaleb(-2)
    assert all(amount > 0 for amount in made["amount"])
    steps = made["step"].to_list()
    order = ["new_money", "withdrawal", "sheltered", "cash", "sale"]
    assert steps == sorted(steps, key=order.index)
    # No account gives more of a class than it has.
    for account_id, name, value in positions:
        given_up = made.filter(account_id=account_id, from_class=name)["amount"].sum() or 0
        assert given_up <= D(value).scaleb(-2)
    shuffled = rebalance(found.reverse(), targets, D(cents).scaleb(-2))[0]
    assert shuffled.equals(made)
