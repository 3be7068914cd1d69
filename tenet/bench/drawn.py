"""The reports as charts, in the look of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.bench.ratios import TARGETS, share_of_target
from tenet.charts.theme import BLUE, GREEN, GREY, ORANGE, VERMILLION, coloured, looked
from tenet.notebooks.pictures import drawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import altair as alt

WIDTH = 700
_ROW = 14
_PARTS = (0, 0.25, 0.5, 1, 2, 5, 10, 20, 50)
_COLOURS = (GREEN, BLUE, ORANGE, VERMILLION)


def targets(found: dict[str, Any]) -> alt.LayerChart:
    """Every ratio that has a target, as a part of it. found: the report of builds."""
    import altair as alt
    import polars as pl

    rows = [
        {
            "size": size,
            "ratio": name,
            "share": share_of_target(ratio["value"], ratio["target"]),
            "told": f"{ratio['value']:.3g} ({ratio['target']})",
        }
        for size, part in found["sizes"].items()
        for name, ratio in part["ratios"].items()
        if ratio["target"]
    ]
    frame = pl.DataFrame(rows)
    sizes = list(found["sizes"])
    names = [name for name in TARGETS if name in set(frame["ratio"])]
    x = alt.X(
        "share:Q",
        title="part of the target: 1 just meets it",
        scale=alt.Scale(type="sqrt"),
        axis=alt.Axis(values=_PARTS),
    )
    y = alt.Y("ratio:N", title=None, sort=names, axis=alt.Axis(labelLimit=250))
    within = alt.YOffset("size:N", sort=sizes)
    bars = alt.Chart(frame).mark_bar().encode(
        x=x, y=y, yOffset=within, color=coloured("size", sizes, _COLOURS)
    )  # fmt: skip
    words = alt.Chart(frame).mark_text(align="left", dx=4, fontSize=9, color=GREY)
    words = words.encode(x=x, y=y, yOffset=within, text="told:N")
    line = alt.Chart(pl.DataFrame({"share": [1.0]})).mark_rule(color=GREY, strokeDash=[4, 3])
    note = f"tenet {found['tenet']} at {found['commit'] or 'no commit'}"
    height = alt.Step(_ROW)
    return looked([bars, words, line.encode(x=x)], "Ratios and their targets", note, height=height)


def growth(found: dict[str, Any]) -> alt.VConcatChart:
    """The seconds of a build against rows, years and landings. found: the report of growth."""
    import altair as alt

    lines = found["growth"]
    by_rows, by_years = (
        [
            {"x": point[name], "what": what, "seconds": point["build"][what.lower()]}
            for point in lines[line]
            for what in ("wall", "CPU")
        ]
        for line, name in (("rows", "daily_values"), ("years", "years"))
    )
    by_landings = [
        {
            "x": point["landings"],
            "what": what + (", compacted" if point["is_compacted"] else ""),
            "seconds": point[what]["cpu"],
        }
        for point in lines["landings"]
        for what in ("build", "one new day")
    ]
    charts: alt.VConcatChart = alt.vconcat(
        _line(by_rows, "Full build against daily values", "daily values"),
        _line(by_years, "Full build against years, 6 accounts of 20 holdings", "years"),
        _line(by_landings, "Ten years of syncs, in as many landings", "landings, CPU seconds"),
    ).resolve_scale(color="independent")
    return charts


def _line(rows: list[dict[str, Any]], title: str, x: str) -> alt.Chart:
    """Seconds against x, both on logarithmic axes, a line for each `what`."""
    import altair as alt
    import polars as pl

    frame = pl.DataFrame(rows)
    whats = list(dict.fromkeys(frame["what"]))
    log = alt.Scale(type="log", nice=False)
    chart = (
        alt.Chart(frame)
        .mark_line(point=True)
        .encode(
            x=alt.X("x:Q", title=x, scale=log, axis=alt.Axis(format="~s")),
            y=alt.Y("seconds:Q", title="seconds", scale=log, axis=alt.Axis(format="~g")),
            color=coloured("what", whats, _COLOURS),
        )
    )
    drawn_line: alt.Chart = chart.properties(title=title, width=WIDTH, height=220)
    return drawn_line


def write_svg(chart: alt.TopLevelMixin, path: Path) -> None:
    """Write a chart as SVG, on white."""
    path.write_bytes(drawn(chart)["svg"])


CHARTS: dict[str, Callable[[dict[str, Any]], alt.TopLevelMixin]] = {
    "build": targets,
    "growth": growth,
}
"""What `tenet bench` draws."""
