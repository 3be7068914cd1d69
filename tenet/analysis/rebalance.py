"""The cash-flow-first rebalance: new money, then sheltered accounts, then cash, then sales.

Everything is counted in whole cents, so that the parts add up.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from tenet.errors import NotEnough, NothingToRebalance, WrongSum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Cents = dict[str, int]
    Held = dict[tuple[str, str], int]
    """By account and class."""

STEPS = {"free": "sheltered", "deferred": "sheltered", "cash": "cash", "taxable": "sale"}
"""The tax buckets in which classes are exchanged, in this order, and the step that it counts as."""
WITHDRAWN_FROM = ("cash", "taxable", "free", "deferred")

_MONEY = pl.Decimal(28, 2)
_MOVES = {
    "step": pl.String(),
    "account_id": pl.String(),
    "from_class": pl.String(),
    "to_class": pl.String(),
    "amount": _MONEY,
}
_CLASSES = {
    "asset_class": pl.String(),
    "market_value_base": _MONEY,
    "target_base": _MONEY,
    "moved_base": _MONEY,
    "missing_base": _MONEY,
}


def rebalance(
    positions: pl.DataFrame, targets: Mapping[str, Decimal], amount: Decimal
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The moves that bring classes to their targets, those without tax first.

    positions: one row per account and class: account_id, asset_class, market_value_base,
    tax_bucket, liquidity. What is illiquid, or in a bucket that is none of STEPS, counts and stays
    where it is; classes without a target neither count nor move; no value counts as zero.
    targets: fractions by class that add up to 1. amount: new money, in cents; negative: withdrawn.

    Returns moves and classes. moves, in the order to make them: step (new_money or withdrawal,
    sheltered, cash, sale), account_id (None: wherever the new money goes), from_class (None for new
    money), to_class (None for a withdrawal), amount above zero. classes, by name: what is there,
    the target of all after the amount, what the moves add, and what is still missing (negative: too
    much) because it cannot be moved.
    New money goes to the classes below their targets, and a withdrawal is taken from those above,
    in proportion to how far off they are; of one class, from buckets as in WITHDRAWN_FROM. An
    exchange is within one account; the largest surplus goes first to the largest shortfall.
    Raises WrongSum, NothingToRebalance, NotEnough.
    """
    if sum(targets.values()) != 1:
        raise WrongSum("targets", dict(targets), Decimal(1))
    plan = _Plan(positions, targets, _cents(amount))
    if amount >= 0:
        plan.add_new_money(_cents(amount))
    else:
        plan.withdraw(-_cents(amount))
    for bucket in STEPS:
        plan.exchange_within(bucket)
    return plan.moves(), plan.classes()


class _Plan:
    """Where every cent is, where it should be, and the moves so far."""

    def __init__(
        self, positions: pl.DataFrame, targets: Mapping[str, Decimal], amount: int
    ) -> None:
        self.before: Cents = dict.fromkeys(sorted(targets), 0)
        self.movable: dict[str, Held] = {bucket: {} for bucket in STEPS}
        for row in positions.sort("account_id", "asset_class").to_dicts():
            name, value = row["asset_class"], _cents(row["market_value_base"] or Decimal(0))
            if name not in self.before:
                continue
            self.before[name] += value
            if row["tax_bucket"] in STEPS and row["liquidity"] != "illiquid" and value > 0:
                self.movable[row["tax_bucket"]][row["account_id"], name] = value
        total = sum(self.before.values()) + amount
        if total < 0:
            raise NotEnough(Decimal(-amount) / 100, Decimal(total - amount) / 100)
        if total == 0 and not any(self.before.values()):
            raise NothingToRebalance
        self.target = spread(total, {name: _units(targets[name]) for name in self.before})
        self.after = dict(self.before)
        self.made: list[tuple[str, str | None, str | None, str | None, int]] = []

    def shortfalls(self) -> Cents:
        """What each class lacks of its target, where it does; the largest first."""
        return _largest_first((name, self.target[name] - self.after[name]) for name in self.after)

    def surpluses(self) -> Cents:
        """What each class has beyond its target, where it does; the largest first."""
        return _largest_first((name, self.after[name] - self.target[name]) for name in self.after)

    def add_new_money(self, cents: int) -> None:
        for name, part in spread(cents, self.shortfalls()).items():
            self._move("new_money", None, None, name, part)

    def withdraw(self, cents: int) -> None:
        there: Cents = dict.fromkeys(self.after, 0)
        for held in self.movable.values():
            for (_, name), value in held.items():
                there[name] += value
        if cents > sum(there.values()):
            raise NotEnough(Decimal(cents) / 100, Decimal(sum(there.values())) / 100)
        above = {name: min(over, there[name]) for name, over in self.surpluses().items()}
        taken = spread(min(cents, sum(above.values())), above)
        left = {name: value - taken.get(name, 0) for name, value in there.items()}
        more = spread(cents - sum(taken.values()), left)
        for name in there:
            self._take(name, taken.get(name, 0) + more.get(name, 0))

    def _take(self, name: str, cents: int) -> None:
        for bucket in WITHDRAWN_FROM:
            for account_id, held in list(self.movable[bucket]):
                if held == name:
                    part = min(cents, self.movable[bucket][account_id, name])
                    self.movable[bucket][account_id, name] -= part
                    self._move("withdrawal", account_id, name, None, part)
                    cents -= part

    def exchange_within(self, bucket: str) -> None:
        """Sell what there is too much of, and buy what is short, each account by itself."""
        held = self.movable[bucket]
        for account_id in sorted({account_id for account_id, _ in held}):
            for sold, over in self.surpluses().items():
                left = min(over, held.get((account_id, sold), 0))
                for bought, short in self.shortfalls().items():
                    part = min(left, short)
                    self._move(STEPS[bucket], account_id, sold, bought, part)
                    left -= part

    def _move(
        self, step: str, account_id: str | None, sold: str | None, bought: str | None, cents: int
    ) -> None:
        if not cents:
            return
        self.made.append((step, account_id, sold, bought, cents))
        if sold is not None:
            self.after[sold] -= cents
        if bought is not None:
            self.after[bought] += cents

    def moves(self) -> pl.DataFrame:
        rows = [(*where, _money(cents)) for *where, cents in self.made]
        return pl.DataFrame(rows, schema=_MOVES, orient="row")

    def classes(self) -> pl.DataFrame:
        rows = [
            (
                name,
                _money(before),
                _money(self.target[name]),
                _money(self.after[name] - before),
                _money(self.target[name] - self.after[name]),
            )
            for name, before in self.before.items()
        ]
        return pl.DataFrame(rows, schema=_CLASSES, orient="row")


def spread(amount: int, over: Mapping[str, int]) -> Cents:
    """A whole amount in proportion to whole numbers not below zero, in their order.

    The parts add up to it, and each is within one of its share: rounded are the running totals.
    Nothing is spread over nothing.
    """
    total, seen, given = sum(over.values()), 0, 0
    parts = {}
    for name, weight in over.items():
        seen += weight
        until = (2 * amount * seen + total) // (2 * total) if total else 0
        parts[name] = until - given
        given = until
    return parts


def _largest_first(amounts: Iterable[tuple[str, int]]) -> Cents:
    return dict(sorted((of for of in amounts if of[1] > 0), key=lambda of: (-of[1], of[0])))


def _cents(amount: Decimal) -> int:
    return int((amount * 100).to_integral_value())


def _units(fraction: Decimal) -> int:
    return int(fraction.scaleb(10))


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
