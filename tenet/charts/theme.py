"""The one look of all charts, on light and on dark.

Titles, axes and legends take the text colour of whoever shows the chart (marimo tells Vega whether
its page is dark), so nothing here says black or white: the background is transparent, and what is
drawn has colours that stand out on both. They are Okabe and Ito's, which colour-blind eyes tell
apart, the blue lighter for dark pages, the yellow left out since it vanishes on light ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt
    import polars as pl

BLUE, ORANGE, GREEN, VERMILLION = "#1f82c4", "#e69f00", "#009e73", "#d55e00"
SKY, PURPLE, GREY = "#56b4e9", "#cc79a7", "#8c8c8c"
PALETTE = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, GREY)

DAY = "%-d %b %Y"
MOMENT = "%-d %b %Y %H:%M"
LABEL: dict[str, Any] = {"align": "left", "dx": 6, "color": "#808080", "fontWeight": "bold"}
"""Amounts written beside bars: to Vega these are marks, which do not take the page's colour."""
BAR = {"band": 0.7}
"""How much of its row a bar fills."""

_DAYS_ON_AXIS = {
    "year": "%Y",
    "quarter": "%b %Y",
    "month": "%b %Y",
    "week": "%-d %b",
    "date": "%-d %b",
}
_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": GREY,
        "gridColor": GREY,
        "gridOpacity": 0.25,
        "labelFontSize": 11,
        "labelPadding": 4,
        "tickColor": GREY,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "legend": {
        "columns": {"expr": "max(1, floor(width / 190))"},
        "labelFontSize": 11,
        "labelLimit": 220,
        "orient": "bottom",
        "symbolType": "square",
        "title": None,
    },
    "line": {"strokeWidth": 2, "strokeJoin": "round"},
    "range": {"category": list(PALETTE)},
    "title": {
        "anchor": "start",
        "fontSize": 14,
        "frame": "group",
        "offset": 12,
        "subtitleFontSize": 11,
        "subtitlePadding": 5,
    },
}
_MENU = {
    "embedOptions": {
        "actions": {"export": True, "source": False, "compiled": False, "editor": False}
    }
}
"""Of what a chart's menu offers, only to save it: "open in the editor" sends the data away."""


@dataclass(frozen=True)
class Unit:
    """What amounts are counted in, and how they are written."""

    name: str
    axis: str = ",.0f"
    exact: str = ",.2f"
    largest: float | None = None
    """Incognito: the amount that is drawn as 100."""


def unit(currency: str, *amounts: pl.Series, incognito: bool) -> Unit:
    """Amounts in `currency`; incognito: in percent of the largest among `amounts`."""
    if not incognito:
        return Unit(currency)
    sizes = [size for each in amounts if isinstance(size := each.abs().max(), float)]
    return Unit("100 = the largest", ".0f", ".1f", largest=max(sizes, default=0.0) or 1.0)


def looked(
    layers: Sequence[alt.Chart], title: str, *notes: str, height: int | alt.Step = 280
) -> alt.LayerChart:
    """The layers in the one look. notes: lines under the title; empty ones are left out."""
    import altair as alt

    heading = alt.TitleParams(title, subtitle=[note for note in notes if note])
    chart = alt.LayerChart(layer=list(layers))
    chart = chart.properties(title=heading, width="container", height=height, usermeta=_MENU)
    drawn: alt.LayerChart = chart.configure(**_CONFIG)
    return drawn


def day_axis() -> alt.Axis:
    """An axis of days that names years, months and days, each where it begins."""
    import altair as alt

    return alt.Axis(format=_DAYS_ON_AXIS, grid=False, labelOverlap=True, tickCount=8)


def amount_axis(unit: Unit) -> alt.Axis:
    """An axis of amounts, thousands separated."""
    import altair as alt

    return alt.Axis(format=unit.axis, tickCount=6)


def coloured(name: str, values: Sequence[str], palette: Sequence[str] = PALETTE) -> alt.Color:
    """The palette's colours for the values of the column `name`, in their order, with a legend."""
    import altair as alt

    wanted = [palette[number % len(palette)] for number in range(len(values))]
    scale = alt.Scale(domain=list(values), range=wanted)
    legend = alt.Undefined if values else None
    return alt.Color(f"{name}:N", title=None, scale=scale, legend=legend)


def counted(count: int, one: str, many: str) -> str:
    """A note that `count` things are not in the chart; empty for none."""
    return f"{count:,} {one if count == 1 else many}" if count else ""
