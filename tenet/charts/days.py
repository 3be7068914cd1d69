"""Days side by side: each account's status over the calendar, and past values restated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.charts.drawn import LENGTHS, drawn, scaled, tooltips
from tenet.charts.layers import by_day
from tenet.charts.theme import (
    BLUE,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    Unit,
    amount_axis,
    coloured,
    counted,
    looked,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt
    import polars as pl

    from tenet.charts.drawn import Columns, Resolution

STATUSES = ("complete", "carried", "stale", "partial", "missing")
"""From best to worst."""

_COLOURS = (BLUE, SKY, ORANGE, VERMILLION, PURPLE)
_CELL: Columns = {"account_name": "text", "valuation_date": "day", "status": "word"}
_CHANGE: Columns = {"valuation_date": "day", "change": "amount", "cause": "word"}
_BUILD: Columns = {
    "restated_at": "moment",
    "old_value": "amount",
    "new_value": "amount",
    "account_name": "text",
    "name": "text",
    "revision": "text",
}


def days_by_status(
    days: pl.DataFrame, grain: Resolution = "day", statuses: Sequence[str] = STATUSES
) -> alt.LayerChart:
    """A calendar of the accounts: a row for each, a cell for each day (week, month), its status.

    days: one row for each account and period; account_name, valuation_date (the period's first
    day), status (over a week or month its worst). grain: what a period is, as `resolution` says for
    (days, accounts). statuses: from best to worst; one that is not named comes last, in grey.
    """
    import altair as alt
    import polars as pl

    frame = drawn("days_by_status", days, _CELL, key=["account_name", "valuation_date"])
    ends = pl.col("valuation_date").dt.offset_by(LENGTHS[grain]).alias("until")
    found = set(frame["status"])
    by_name = dict(zip((name.replace("_", " ") for name in statuses), _COLOURS, strict=False))
    by_name |= dict.fromkeys(sorted(found - set(by_name)), GREY)
    shown = {status: colour for status, colour in by_name.items() if status in found}
    accounts = frame["account_name"].unique().sort().to_list()
    rows, names = alt.Scale(paddingInner=0.2), alt.Axis(labelLimit=150)
    chart = (
        by_day(frame.with_columns(ends))
        .mark_rect()
        .encode(
            x2="until:T",
            y=alt.Y("account_name:N", sort=accounts, title=None, scale=rows, axis=names),
            color=coloured("status", [*shown], [*shown.values()]),
            tooltip=tooltips(frame, _CELL, Unit(""), account_name="account"),
        )
    )
    period = "" if grain == "day" else f", by {grain}"
    return looked([chart], f"Days by how they are known{period}", height=alt.Step(22))


def restatements_over_time(
    restatements: pl.DataFrame, currency: str, *, incognito: bool = False
) -> alt.LayerChart:
    """By how much later builds have changed past days, and why: a stem for each change.

    restatements: one row a change, or several of one day, cause and build summed up;
    valuation_date (the day restated), change (new less old, in `currency`), cause, and for the
    tooltip restated_at (UTC), old_value, new_value, account_name, name, revision.
    """
    import altair as alt

    frame = drawn("restatements_over_time", restatements, _CHANGE, _BUILD)
    columns: Columns = {**_CHANGE, **_BUILD}
    sizes = [frame[name] for name, kind in columns.items() if kind == "amount" and name in frame]
    written = unit(currency, *sizes, incognito=incognito)
    frame = scaled(frame, columns, written).sort("valuation_date")
    causes = frame["cause"].unique().sort().to_list()
    y = alt.Y("change:Q", title=None, axis=amount_axis(written))
    base = by_day(frame).encode(
        color=coloured("cause", causes),
        tooltip=tooltips(frame, columns, written),
    )
    unknown = counted(frame["change"].null_count(), "change is", "changes are")
    return looked(
        [
            base.mark_rule(opacity=0.6).encode(y=y, y2=alt.datum(0)),
            base.mark_point(filled=True, size=50, opacity=1).encode(y=y),
        ],
        f"Past days restated ({written.name})",
        unknown and f"{unknown} of unknown size",
        height=200,
    )
