"""What charts over time share: the line itself, what hovering says, and days pointed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.charts.drawn import drawn, tooltips
from tenet.charts.theme import GREEN, GREY, ORANGE, PURPLE, VERMILLION, Unit, coloured, day_axis

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from tenet.charts.drawn import Columns

_MARK: Columns = {"valuation_date": "day", "kind": "text", "what": "text"}


def by_day(frame: pl.DataFrame) -> alt.Chart:
    """A chart of rows with a valuation_date, which is its x."""
    import altair as alt

    x = alt.X("valuation_date:T", title=None, axis=day_axis())
    chart: alt.Chart = alt.Chart(frame).encode(x=x)
    return chart


def line(
    frame: pl.DataFrame, name: str, y: alt.Y, colour: alt.Value | alt.Color
) -> list[alt.Chart]:
    """A line through the column `name`, ordered by day; a day alone between gaps is a point."""
    known = frame[name].is_not_null()
    alone = known & ~known.shift(1, fill_value=False) & ~known.shift(-1, fill_value=False)
    layers = [by_day(frame).mark_line().encode(y=y, color=colour)]
    if alone.any():
        dots = by_day(frame.filter(alone)).mark_point(filled=True, size=30, opacity=1)
        layers.append(dots.encode(y=y, color=colour))
    return layers


def hover(frame: pl.DataFrame, said: list[alt.Tooltip]) -> alt.Chart:
    """A rule at the day nearest to the pointer, which says what is known of it: one row a day."""
    import altair as alt

    nearest = alt.selection_point(
        fields=["valuation_date"], nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    opacity = alt.when(nearest).then(alt.value(0.7)).otherwise(alt.value(0))
    rule = by_day(frame).mark_rule(color=GREY).encode(opacity=opacity, tooltip=said)
    chart: alt.Chart = rule.add_params(nearest)
    return chart


def marked(marks: pl.DataFrame | None) -> list[alt.Chart]:
    """Dashed rules, with a triangle to point at, at days of note; no layer where there are none."""
    import altair as alt

    if marks is None or marks.is_empty():
        return []
    frame = drawn("marks", marks, _MARK, key=["valuation_date", "kind", "what"])
    kinds = frame["kind"].unique().sort().to_list()
    colour = coloured("kind", kinds, [ORANGE, VERMILLION, GREEN, PURPLE])
    said = tooltips(frame, _MARK, Unit(""))
    base = by_day(frame).encode(color=colour, tooltip=said)
    triangles = base.mark_point(shape="triangle-down", filled=True, size=90, opacity=1)
    return [base.mark_rule(strokeDash=[3, 3], opacity=0.8), triangles.encode(y=alt.value(4))]
