"""The reports as charts, in the look of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.bench.ratios import share_of_target
from tenet.charts.theme import BLUE, GREEN, GREY, ORANGE, VERMILLION, coloured, looked
from tenet.notebooks.pictures import drawn

if TYPE_CHECKING:
    from pathlib import Path

    import altair as alt

_ROW = 14
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
            "told": f"{ratio['value']:.2f} ({ratio['target']})",
        }
        for size, part in found["sizes"].items()
        for name, ratio in part["ratios"].items()
        if ratio["target"]
    ]
    frame = pl.DataFrame(rows)
    sizes = list(found["sizes"])
    names = list(dict.fromkeys(frame["ratio"]))
    x = alt.X("share:Q", title="part of the target: 1 just meets it", scale=alt.Scale(type="sqrt"))
    y = alt.Y("ratio:N", title=None, sort=names, axis=alt.Axis(labelLimit=250))
    within = alt.YOffset("size:N", sort=sizes)
    bars = alt.Chart(frame).mark_bar().encode(
        x=x, y=y, yOffset=within, color=coloured("size", sizes, _COLOURS)
    )  # fmt: skip
    words = alt.Chart(frame).mark_text(align="left", dx=4, fontSize=9, color=GREY)
    words = words.encode(x=x, y=y, yOffset=within, text="told:N")
    line = alt.Chart(pl.DataFrame({"share": [1.0]})).mark_rule(color=GREY, strokeDash=[4, 3])
    note = f"tenet {found['tenet']} at {found['commit'] or 'no commit'}"
    height = alt.Step(_ROW * len(sizes))
    return looked([bars, words, line.encode(x=x)], "Ratios and their targets", note, height=height)


def write_svg(chart: alt.TopLevelMixin, path: Path) -> None:
    """Write a chart as SVG, on white."""
    path.write_bytes(drawn(chart)["svg"])
