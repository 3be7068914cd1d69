"""Tables as the notebooks show them: amounts written for people, or hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import marimo as mo
    import polars as pl

HIDDEN = "•••"
"""What stands for an amount while amounts are hidden."""

AMOUNTS = (
    *("quantity", "price", "value", "cost", "gain", "owned", "owed"),
    *("ours", "theirs", "difference", "total", "amount_real"),
    *("paid in", "short term", "long term"),
)
"""Columns that say how much somebody has."""

IDS = ("account_id", "security_id", "snapshot_id")
"""Columns that a table carries for what is chosen in it, and does not show."""


def table(frame: pl.DataFrame, label: str, *, is_hidden: bool = False, **how: Any) -> mo.ui.table:
    """A table that can be sorted and searched, without selection unless `how` asks for one.

    is_hidden: HIDDEN in place of every amount. how: more of marimo's mo.ui.table.
    """
    import marimo as mo

    ids = [name for name in IDS if name in frame.columns]
    usual: dict[str, Any] = {
        "selection": None,
        "format_mapping": WRITTEN,
        "show_column_summaries": False,
        "show_data_types": False,
        "label": label,
    }
    if ids:
        usual["hidden_columns"] = ids
    return mo.ui.table(hidden(frame) if is_hidden else frame, **usual | how)


def hidden(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with HIDDEN in place of AMOUNTS, for whoever looks on."""
    import polars as pl

    there = [name for name in AMOUNTS if name in frame.columns]
    return frame.with_columns(pl.lit(HIDDEN).alias(name) for name in there)


def _amount(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else f"{value:,.2f}"


def _units(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,.10f}".rstrip("0").rstrip(".")


def _share(value: Any) -> str:
    return "" if value is None else f"{value:.1%}"


WRITTEN: dict[str, str | Callable[..., Any]] = {
    **dict.fromkeys(AMOUNTS, _amount),
    **dict.fromkeys(("quantity", "price"), _units),
    **dict.fromkeys(("weight", "probability", "wanted", "low", "high"), _share),
    **dict.fromkeys(("time weighted", "money weighted", "a year", "worst fall"), _share),
}
"""How columns are written for people: marimo's format_mapping."""
