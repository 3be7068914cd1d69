"""What a plan intends and where it breaks: a time line, failures by year, and what matters most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.charts.drawn import drawn, scaled, tooltips
from tenet.charts.layers import by_day
from tenet.charts.theme import (
    BAR,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    coloured,
    looked,
    unit,
)

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from tenet.charts.drawn import Columns

_FLOW: Columns = {"name": "text", "kind": "word", "valuation_date": "day", "until": "day"}
_AMOUNT: Columns = {"amount": "amount", "what": "text"}
_YEAR: Columns = {"valuation_date": "day", "short_share": "share", "empty_share": "share"}
_INPUT: Columns = {"input": "text", "step": "text", "low": "number", "base": "number"}
_KINDS = {"income": GREEN, "spending": ORANGE, "contribution": BLUE, "event": VERMILLION}


def time_line(flows: pl.DataFrame, currency: str, *, incognito: bool = False) -> alt.LayerChart:
    """When money comes and goes in a plan: a bar from its first to its last day, a row each.

    flows: in the order to be drawn; name, kind (income, spending, contribution, event or
    milestone), valuation_date, until (the same day for what happens once), and for the tooltip
    amount (a year, in `currency`) and what (in words).
    """
    import altair as alt
    import polars as pl

    frame = drawn("time_line", flows, _FLOW, _AMOUNT, key=["name", "valuation_date"])
    amounts = [frame["amount"]] if "amount" in frame.columns else []
    written = unit(currency, *amounts, incognito=incognito)
    frame = scaled(frame, _AMOUNT, written)
    kinds = [kind for kind in _KINDS if kind in set(frame["kind"])]
    others = sorted(set(frame["kind"]) - set(kinds))
    colours = [*(_KINDS[kind] for kind in kinds), *(GREY for _ in others)]
    base = by_day(frame).encode(
        y=alt.Y("name:N", sort=frame["name"].to_list(), title=None, axis=alt.Axis(labelLimit=150)),
        color=coloured("kind", [*kinds, *others], colours),
        tooltip=tooltips(frame, {**_FLOW, **_AMOUNT}, written, valuation_date="from"),
    )
    once = pl.col("valuation_date") == pl.col("until")
    lasting = base.transform_filter("datum.valuation_date != datum.until")
    single = base.properties(data=frame.filter(once))
    return looked(
        [
            lasting.mark_bar(height=BAR).encode(x2="until:T"),
            single.mark_point(shape="diamond", filled=True, size=110, opacity=1),
        ],
        "When money comes and goes",
        height=alt.Step(24),
    )


def failures_over_time(failures: pl.DataFrame) -> alt.LayerChart:
    """In which year paths first fail, as a share of all paths.

    failures: one row a year; valuation_date, short_share (essential spending could not be paid) and
    empty_share (something that was due could not), both fractions.
    """
    import altair as alt

    frame = drawn("failures_over_time", failures, _YEAR, key=["valuation_date"])
    names = {"short_share": "essential spending not paid", "empty_share": "something due not paid"}
    long = frame.unpivot(
        list(names), index="valuation_date", variable_name="part", value_name="share"
    )
    long = long.with_columns(long["part"].replace(names))
    part = [alt.Tooltip("part:N", title="what"), alt.Tooltip("share:Q", format=".2%")]
    axis = alt.Axis(labelAngle=0, labelOverlap=True)
    bars = (
        alt.Chart(long)
        .mark_bar(opacity=0.85)
        .encode(
            x=alt.X("year(valuation_date):O", title=None, axis=axis),
            y=alt.Y("share:Q", title=None, stack=None, axis=alt.Axis(format=".1%", tickCount=5)),
            color=coloured("part", list(names.values())[::-1], [ORANGE, VERMILLION]),
            order=alt.Order("part:N"),
            tooltip=[alt.Tooltip("year(valuation_date):O", title="year"), *part],
        )
    )
    return looked([bars], "When paths first fail (share of paths)", height=180)


def tornado(inputs: pl.DataFrame, *, title: str, written: str = ".1%") -> alt.LayerChart:
    """How far an outcome moves when each input takes a step down and up, the furthest first.

    inputs: one row each, in the order to be drawn; input, step (in words), low and high (the
    outcome after a step down and up; null where there is none), base (the outcome as it is).
    written: how outcomes are written, as a d3 format.
    """
    import altair as alt

    columns: Columns = {**_INPUT, "high": "number"}
    frame = drawn("tornado", inputs, columns, key=["input"])
    said = [
        alt.Tooltip("input:N"),
        alt.Tooltip("step:N", title="one step"),
        alt.Tooltip("low:Q", title="a step down", format=written),
        alt.Tooltip("base:Q", title="as it is", format=written),
        alt.Tooltip("high:Q", title="a step up", format=written),
    ]
    base = alt.Chart(frame).encode(
        y=alt.Y(
            "input:N", sort=frame["input"].to_list(), title=None, axis=alt.Axis(labelLimit=180)
        ),
        tooltip=said,
    )
    axis = alt.Axis(format=written, tickCount=6)
    scale = alt.Scale(zero=False)
    sides = [
        base.mark_bar(height=BAR, color=colour).encode(
            x=alt.X("base:Q", title=None, axis=axis, scale=scale), x2=f"{side}:Q"
        )
        for side, colour in (("low", ORANGE), ("high", BLUE))
    ]
    return looked(sides, title, "a step down in orange, a step up in blue", height=alt.Step(24))
