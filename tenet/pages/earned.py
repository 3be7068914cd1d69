"""What was earned: returns over the usual spans, income by month, gains of sales by year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet import gains as selling
from tenet import income as paying
from tenet import returns as performing

if TYPE_CHECKING:
    import polars as pl

    from tenet.workspace import Workspace

SPANS = ("1M", "3M", "YTD", "1Y", "3Y", "5Y", "ALL")


def returns(workspace: Workspace, by: str) -> pl.DataFrame:
    """Returns of each thing of a dimension (tenet.returns.BY) over SPANS, a row for each.

    Fractions. time weighted: as if nothing had been paid in or out; money weighted: of the money
    that was there. a year: money-weighted, a year's, from a year on. notes: what makes a figure
    incomplete.
    """
    import polars as pl

    spans = performing.spans(workspace, SPANS)
    rows = performing.returns(workspace, spans, by=by)
    table = [
        {
            "of": row.get("name") or "all we have",
            "span": row["period"],
            "since": row["first_date"],
            "paid in": row["flow"],
            "gain": row["gain"],
            "time weighted": row["time_weighted"],
            "money weighted": row["money_weighted"],
            "a year": row["money_weighted_annual"],
            "worst fall": row["drawdown"],
            "notes": _notes(row["incomplete_days"], row["problem"]),
        }
        for row in rows
    ]
    return pl.DataFrame(table, infer_schema_length=None)


def income(workspace: Workspace) -> pl.DataFrame:
    """Dividends, interest and distributions by month, for charts.income_by_month; base currency.

    month, kind, amount; months without any are left out.
    """
    import polars as pl

    kinds = ["dividends", "interest", "distributions"]
    months = paying.income(workspace, by="month")
    long = months.unpivot(kinds, index="month", variable_name="kind", value_name="amount")
    return long.filter(pl.col("amount") != 0)


def gains(workspace: Workspace) -> pl.DataFrame:
    """Gains of sales by year: short term, long term and all; base currency."""
    import polars as pl

    from tenet.settings import load

    rows = selling.gains_by_year(workspace, long_term_days=load(workspace.home).long_term_days)
    return rows.select(
        pl.col("year").cast(pl.String),
        pl.col("short_term_base").alias("short term"),
        pl.col("long_term_base").alias("long term"),
        pl.col("gain_base").alias("gain"),
        pl.col("unknown_count").alias("sales of unknown gain"),
    )


def _notes(days: int, problem: str) -> str:
    missing = f"{days} days not wholly known" if days else ""
    return "; ".join(part for part in (missing, problem) if part)
