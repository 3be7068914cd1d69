"""The bridge from one amount to a later one, by the parts of what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.charts.drawn import drawn, scaled, tooltips
from tenet.charts.theme import (
    BAR,
    BLUE,
    GREY,
    LABEL,
    VERMILLION,
    amount_axis,
    coloured,
    counted,
    looked,
    unit,
)

if TYPE_CHECKING:
    from decimal import Decimal

    import altair as alt
    import polars as pl

    from tenet.charts.drawn import Columns

_PART: Columns = {"part": "text", "amount": "amount"}
_STEP: Columns = {**_PART, "since": "amount", "until": "amount", "kind": "text"}
_KINDS = ("more", "less", "in all")
_ROOM = 0.2
"""The share of the axis left free for the amounts, which stand to the right of the bars."""


def bridge(
    parts: pl.DataFrame,
    opening: Decimal | float,
    currency: str,
    *,
    title: str = "What changed",
    opened: str = "before",
    closed: str = "after",
    incognito: bool = False,
) -> alt.LayerChart:
    """A waterfall: from an amount, by the parts of its change, to the amount after it.

    parts: one row a part, in the order to be drawn; part, amount (what makes poorer is negative).
    Parts of nothing are left out, unknown ones counted under the title; the sum of the rest is the
    closing amount. opening: the amount before, in `currency` like the parts. opened, closed: what
    to call the two totals.
    """
    import altair as alt

    frame = drawn("bridge", parts, _PART, key=["part"])
    steps = _steps(frame, float(opening), opened, closed)
    written = unit(currency, steps["until"], incognito=incognito)
    steps = _labelled(scaled(steps, _STEP, written), written.axis)
    base = alt.Chart(steps).encode(
        y=alt.Y("part:N", sort=steps["part"].to_list(), title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=tooltips(steps, _PART, written),
    )
    x = alt.X("since:Q", title=None, axis=amount_axis(written), scale=_domain(steps))
    colour = coloured("kind", _KINDS, [BLUE, VERMILLION, GREY]).legend(None)
    totals = base.transform_filter("datum.kind == 'in all'").mark_tick(thickness=4)
    unknown = counted(frame["amount"].null_count(), "unknown part is", "unknown parts are")
    return looked(
        [
            base.mark_bar(height=BAR).encode(x=x, x2="until:Q", color=colour),
            totals.encode(x=x, color=colour),
            base.mark_text(**LABEL).encode(x="right:Q", text="label:N"),
        ],
        f"{title} ({written.name})",
        unknown and f"{unknown} not in it",
        height=alt.Step(26),
    )


def _steps(frame: pl.DataFrame, opening: float, opened: str, closed: str) -> pl.DataFrame:
    """One row a bar: where it starts, where it ends, and whether that is more or less."""
    import polars as pl

    rows, until = [(opened, opening, opening, opening, "in all")], opening
    for part, amount in frame.iter_rows():
        if amount:
            rows.append((part, amount, until, until + amount, "more" if amount > 0 else "less"))
            until += amount
    rows.append((closed, until, until, until, "in all"))
    return pl.DataFrame(rows, schema=list(_STEP), orient="row")


def _labelled(steps: pl.DataFrame, axis: str) -> pl.DataFrame:
    """With each amount as it is written beside its bar, and where that is."""
    import polars as pl

    signs = ["" if kind == "in all" else "+" for kind in steps["kind"]]
    pairs = zip(steps["amount"], signs, strict=True)
    label = pl.Series("label", [f"{amount:{sign}{axis}}" for amount, sign in pairs])
    return steps.with_columns(label, pl.max_horizontal("since", "until").alias("right"))


def _domain(steps: pl.DataFrame) -> alt.Scale:
    """From the lowest to the highest end: parts of a change are small beside what changed."""
    import altair as alt

    ends = [*steps["since"], *steps["until"]]
    low, high = min(ends), max(ends)
    width = (high - low) or abs(high) or 1.0
    return alt.Scale(domain=[low - width * 0.04, high + width * _ROOM], zero=False, nice=False)
