"""Bars: an allocation against its target, money at stake, ages of prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.charts.drawn import drawn, scaled, tooltips
from tenet.charts.theme import (
    BAR,
    BLUE,
    GREY,
    LABEL,
    ORANGE,
    VERMILLION,
    amount_axis,
    coloured,
    counted,
    looked,
    unit,
)

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from tenet.charts.drawn import Columns
    from tenet.charts.theme import Unit

_CLASS: Columns = {"asset_class": "text", "weight": "share", "target_weight": "share"}
_STAKE: Columns = {"kind": "word", "amount": "amount"}
_AGE: Columns = {"name": "text", "price_age_days": "number"}
_VALUE: Columns = {"market_value_base": "amount"}
_PRICE: Columns = {"price_source": "text", "price_date": "day", **_VALUE}


def allocation_drift(
    allocation: pl.DataFrame, currency: str, *, incognito: bool = False
) -> alt.LayerChart:
    """Each asset class's weight as a bar, its target as a tick, and how far apart they are.

    allocation: one row a class, in the order to be drawn; asset_class, weight (a fraction, below 0
    for what is owed), target_weight (a fraction, null without a target), and for the tooltip
    market_value_base. currency: of that.
    """
    import altair as alt
    import polars as pl

    frame = drawn("allocation_drift", allocation, _CLASS, _VALUE, key=["asset_class"])
    written = _unit_of_value(frame, currency, incognito=incognito)
    drift = (pl.col("weight") - pl.col("target_weight")).alias("drift")
    frame = scaled(frame, _VALUE, written).with_columns(drift)
    columns: Columns = {**_CLASS, "drift": "share", **_VALUE}
    base = _ranked(frame, "asset_class", tooltips(frame, columns, written))
    aimed = base.transform_filter("isValid(datum.target_weight)")
    labels = aimed.transform_calculate(
        right="max(datum.weight, datum.target_weight, 0)",
        label="format(100 * datum.drift, '+.1f') + ' points'",
    )
    ends = [0.0, *frame["weight"].drop_nulls(), *frame["target_weight"].drop_nulls()]
    scale = alt.Scale(domain=[min(ends), max(ends) * 1.2 or 1.0], nice=False)
    x = alt.X("weight:Q", title=None, scale=scale, axis=alt.Axis(format=".0%", tickCount=6))
    return looked(
        [
            base.mark_bar(height=BAR, color=BLUE).encode(x=x),
            aimed.mark_tick(color=ORANGE, thickness=4).encode(x="target_weight:Q"),
            labels.mark_text(**LABEL).encode(x="right:Q", text="label:N"),
        ],
        "Allocation (bars) against its target (ticks)",
        height=alt.Step(26),
    )


def money_at_stake(gaps: pl.DataFrame, currency: str, *, incognito: bool = False) -> alt.LayerChart:
    """How much money each kind of gap concerns, the most first.

    gaps: one row a kind; kind, amount (in `currency`; null where it is not known: counted under
    the title), and for the tooltip gap_count.
    """
    import altair as alt

    extra: Columns = {"gap_count": "number"}
    frame = drawn("money_at_stake", gaps, _STAKE, extra, key=["kind"])
    written = unit(currency, frame["amount"], incognito=incognito)
    frame = scaled(frame, _STAKE, written)
    frame = frame.sort("amount", "kind", descending=[True, False], nulls_last=True)
    base = _ranked(frame, "kind", tooltips(frame, {**_STAKE, **extra}, written))
    x = alt.X("amount:Q", title=None, axis=amount_axis(written))
    unknown = counted(frame["amount"].null_count(), "kind has", "kinds have")
    return looked(
        [base.mark_bar(height=BAR, color=VERMILLION).encode(x=x)],
        f"Money at stake ({written.name})",
        unknown and f"{unknown} no known amount",
        height=alt.Step(26),
    )


def price_ages(
    prices: pl.DataFrame, currency: str, stale_days: int, *, most: int = 20, incognito: bool = False
) -> alt.LayerChart:
    """How old each security's price is, the oldest first; ages above `stale_days` stand out.

    prices: one row a security; name, price_age_days (null without a price: counted under the
    title), and for the tooltip price_source, price_date, market_value_base. currency: of that.
    most: so many are drawn; the others are counted under the title.
    """
    import altair as alt
    import polars as pl

    frame = drawn("price_ages", prices, _AGE, _PRICE, key=["name"])
    written = _unit_of_value(frame, currency, incognito=incognito)
    known = scaled(frame, _VALUE, written).drop_nulls("price_age_days")
    known = known.sort(-pl.col("price_age_days"), "name")
    shown = known.head(most)
    base = _ranked(shown, "name", tooltips(shown, {**_AGE, **_PRICE}, written))
    is_stale = alt.datum.price_age_days > stale_days
    x = alt.X("price_age_days:Q", title="days", axis=alt.Axis(format=",.0f", tickMinStep=1))
    limit = alt.Chart(shown).mark_rule(color=GREY, strokeDash=[4, 4])
    return looked(
        [
            base.mark_bar(height=BAR).encode(
                x=x, color=alt.when(is_stale).then(alt.value(VERMILLION)).otherwise(alt.value(BLUE))
            ),
            limit.encode(x=alt.datum(stale_days)),
        ],
        f"Ages of prices; stale above {stale_days} days",
        counted(known.height - shown.height, "price is younger", "prices are younger"),
        counted(frame.height - known.height, "security has no price", "securities have no price"),
        height=alt.Step(22),
    )


def income_by_month(
    income: pl.DataFrame, currency: str, *, incognito: bool = False
) -> alt.LayerChart:
    """What was paid in each month, its kinds on top of each other.

    income: one row a month and kind; month (such as 2026-11), kind, amount in `currency`.
    """
    import altair as alt
    import polars as pl

    columns: Columns = {"month": "text", "kind": "word", "amount": "amount"}
    frame = drawn("income_by_month", income, columns, key=["month", "kind"])
    written = unit(currency, frame["amount"], incognito=incognito)
    frame = scaled(frame, columns, written)
    first = (pl.col("month") + "-01").str.to_date().alias("first")
    base = alt.Chart(frame.with_columns(first))
    bars = base.mark_bar().encode(
        x=alt.X("yearmonth(first):T", title=None, axis=alt.Axis(format="%b %Y", grid=False)),
        y=alt.Y("sum(amount):Q", title=None, axis=amount_axis(written)),
        color=coloured("kind", frame["kind"].unique().sort().to_list()),
        tooltip=tooltips(frame, columns, written),
    )
    return looked([bars], f"Income by month ({written.name})", height=180)


def _ranked(frame: pl.DataFrame, name: str, said: list[alt.Tooltip]) -> alt.Chart:
    """A chart of one bar a row, in the frame's own order from top to bottom."""
    import altair as alt

    y = alt.Y(f"{name}:N", sort=frame[name].to_list(), title=None, axis=alt.Axis(labelLimit=150))
    chart: alt.Chart = alt.Chart(frame).encode(y=y, tooltip=said)
    return chart


def _unit_of_value(frame: pl.DataFrame, currency: str, *, incognito: bool) -> Unit:
    values = [frame["market_value_base"]] if "market_value_base" in frame.columns else []
    return unit(currency, *values, incognito=incognito)
