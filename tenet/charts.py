"""Charts: a frame in, an Altair chart out. Pure: no database, no disk, no network.

Decimals become floats here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

COVERAGE = {
    "observed_value": "priced that day",
    "carried_value": "at an earlier close or mark",
    "estimated_value": "at a provider's earlier price",
}
# Three hues that stay apart for colour-blind eyes, on light and on dark.
_COLOURS = ("#4477aa", "#88ccee", "#ddcc77")


def net_worth_over_time(net_worth: pl.DataFrame, currency: str) -> alt.Chart:
    """Net worth as a line.

    net_worth: rows of net_worth_daily. currency: what its amounts are in.
    """
    import altair as alt

    title = f"Net worth ({currency})"
    chart: alt.Chart = (
        alt.Chart(_floats(net_worth, ["net_worth"]), title=title)
        .mark_line(color=_COLOURS[0])
        .encode(
            x=alt.X("valuation_date:T", title=None),
            y=alt.Y("net_worth:Q", title=None, axis=alt.Axis(format=",.0f")),
            tooltip=[
                alt.Tooltip("valuation_date:T", title="day"),
                alt.Tooltip("net_worth:Q", title=title, format=",.2f"),
            ],
        )
        .properties(width="container", height=280)
    )
    return chart


def coverage_over_time(net_worth: pl.DataFrame, currency: str) -> alt.Chart:
    """How each day's net worth is known, as stacked areas.

    net_worth: rows of net_worth_daily. currency: what its amounts are in.
    """
    import altair as alt

    parts = _floats(net_worth, list(COVERAGE)).unpivot(
        on=list(COVERAGE), index="valuation_date", variable_name="known", value_name="amount"
    )
    named = parts.with_columns(parts["known"].replace(COVERAGE))
    chart: alt.Chart = (
        alt.Chart(named, title=f"How it is known ({currency})")
        .mark_area()
        .encode(
            x=alt.X("valuation_date:T", title=None),
            y=alt.Y("amount:Q", title=None, axis=alt.Axis(format=",.0f")),
            color=alt.Color(
                "known:N",
                title=None,
                scale=alt.Scale(domain=list(COVERAGE.values()), range=list(_COLOURS)),
                legend=alt.Legend(orient="bottom"),
            ),
            tooltip=["valuation_date:T", "known:N", alt.Tooltip("amount:Q", format=",.2f")],
        )
        .properties(width="container", height=140)
    )
    return chart


def _floats(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    import polars as pl

    return frame.select("valuation_date", *(pl.col(name).cast(pl.Float64) for name in columns))
