"""What may come: a fan of percentiles over time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tenet.charts.drawn import drawn, scaled, tooltips, within_bounds
from tenet.charts.layers import by_day, hover, line
from tenet.charts.theme import BLUE, VERMILLION, amount_axis, coloured, looked, unit

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from tenet.charts.drawn import Columns

_MEDIAN, _CAME_TRUE = "median", "what came true"


def fan_over_time(
    percentiles: pl.DataFrame,
    currency: str,
    *,
    title: str = "Where it may go",
    actual: pl.DataFrame | None = None,
    incognito: bool = False,
) -> alt.LayerChart:
    """Percentiles of simulated paths as bands around their median, and what came true so far.

    percentiles: one row a month or year; valuation_date, p50, and pairs such as p5 and p95 or p25
    and p75 (a p10 without its p90 is not drawn). currency: what they are in.
    actual: rows of net_worth_daily, or of each period its last day; valuation_date, net_worth.
    """
    import altair as alt
    import polars as pl

    pairs = _pairs(percentiles)
    ranks = [*(low for low, _ in pairs), "p50", *(high for _, high in reversed(pairs))]
    columns: Columns = {"valuation_date": "day", **dict.fromkeys(ranks, "amount")}
    wide = drawn("fan_over_time", percentiles, columns, key=["valuation_date"])
    lines = {_MEDIAN: "p50"}
    if actual is not None:
        true: Columns = {"valuation_date": "day", "net_worth": "amount"}
        came = drawn("fan_over_time, actual", actual, true, key=["valuation_date"])
        wide = wide.join(came, on="valuation_date", how="full", coalesce=True)
        columns, lines = {**columns, **true}, {**lines, _CAME_TRUE: "net_worth"}
    written = unit(currency, *wide.drop("valuation_date"), incognito=incognito)
    wide = scaled(wide, columns, written).sort("valuation_date")
    axis, colour = amount_axis(written), coloured("line", list(lines), [BLUE, VERMILLION])
    layers = [_bands(wide, pairs, axis)] if pairs else []
    for name, column in lines.items():
        points = wide.select("valuation_date", column, pl.lit(name).alias("line")).drop_nulls()
        y = alt.Y(f"{column}:Q", title=None, axis=axis)
        layers += line(points, column, y, colour)
    said = tooltips(wide, columns, written, p50=_MEDIAN, net_worth=_CAME_TRUE)
    return looked([*layers, hover(wide, said)], f"{title} ({written.name})", height=320)


def _pairs(percentiles: pl.DataFrame) -> list[tuple[str, str]]:
    """The columns p<n> and p<100 - n> that are both there, the widest pair first."""
    found = {int(name[1:]) for name in percentiles.columns if re.fullmatch(r"p\d{1,2}", name)}
    return [
        (f"p{low}", f"p{100 - low}") for low in sorted(found) if low < 50 and 100 - low in found
    ]


def _bands(wide: pl.DataFrame, pairs: list[tuple[str, str]], axis: alt.Axis) -> alt.Chart:
    """The bands between pairs of percentiles, the widest the palest."""
    import altair as alt
    import polars as pl

    names = [f"{low[1:]} to {high[1:]} of 100 paths" for low, high in pairs]
    bands = [
        wide.select("valuation_date", pl.lit(name).alias("band"), low=low, high=high).drop_nulls()
        for name, (low, high) in zip(names, pairs, strict=True)
    ]
    frame = within_bounds("fan_over_time", pl.concat(bands))
    strengths = [0.18 + 0.14 * number for number in range(len(names))]
    shade = alt.Opacity("band:N", title=None, scale=alt.Scale(domain=names, range=strengths))
    y = alt.Y("low:Q", title=None, axis=axis)
    chart: alt.Chart = by_day(frame).mark_area(color=BLUE).encode(y=y, y2="high:Q", opacity=shade)
    return chart
