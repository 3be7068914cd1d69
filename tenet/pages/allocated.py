"""The allocation against its targets, and what new money would best buy."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tenet import allocation
from tenet.errors import NotEnough, NothingToRebalance, WrongSum

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from tenet.workspace import Workspace


def classes(workspace: Workspace, day: date, *, as_then: bool) -> pl.DataFrame:
    """What is held of each asset class on a day, with its target and drift, the largest first."""
    return allocation.allocation(workspace, day, as_then=as_then)


def left_out(workspace: Workspace, day: date) -> str:
    """In words: which accounts the allocation leaves out."""
    names = sorted(set(allocation.left_out(workspace, day)["name"]))
    return f"Debts and accounts left out: {', '.join(names)}." if names else ""


def moves(workspace: Workspace, amount: float) -> tuple[pl.DataFrame | None, str]:
    """What to buy and sell with an amount of new money (negative: to be taken out), or why not.

    New money first, then exchanges in accounts where a sale costs no tax, then sales.
    """
    import polars as pl

    try:
        found, _ = allocation.rebalanced(workspace, Decimal(str(amount)).quantize(Decimal("0.01")))
    except (NothingToRebalance, NotEnough, WrongSum) as error:
        return None, f"{error}  \n{error.hint or ''}"
    columns = ["step", "account_name", "from_class", "to_class", "amount"]
    table = found.select(columns).rename({"amount": "value", "account_name": "account"})
    words = pl.col("step").str.replace_all("_", " ", literal=True)
    return table.with_columns(words).with_columns(pl.col(pl.String).fill_null("")), ""
