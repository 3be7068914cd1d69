"""Stacked areas: amounts by any dimension, and how well each day's net worth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.charts.drawn import drawn, scaled, thinned, within_bounds
from tenet.charts.layers import by_day, hover
from tenet.charts.theme import (
    BLUE,
    DAY,
    ORANGE,
    PALETTE,
    SKY,
    Unit,
    amount_axis,
    coloured,
    counted,
    looked,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import altair as alt
    import polars as pl

    from tenet.charts.drawn import Columns

KNOWN = {
    "observed_value": "priced that day",
    "carried_value": "at an earlier close or mark",
    "estimated_value": "at a provider's earlier price",
}
OTHERS = "all others"
_BAND = 100
"""The height of shares that stand as a band under another chart."""
_SHARES = Unit("share", ".0%", ".1%")


def coverage_over_time(
    net_worth: pl.DataFrame, currency: str, *, as_share: bool = False, incognito: bool = False
) -> alt.LayerChart:
    """How each day's net worth is known: observed, carried, estimated, as stacked areas.

    net_worth: one row a day, or of each period its last day; valuation_date, observed_value,
    carried_value, estimated_value. currency: what they are in.
    as_share: each part's size as a share of the day's three; what is owed counts by its size too.
    """
    columns: Columns = {"valuation_date": "day", **dict.fromkeys(KNOWN, "amount")}
    frame = drawn(
        "coverage_over_time", net_worth, columns, key=["valuation_date"], is_bounded=False
    )
    written = unit(currency, *frame.drop("valuation_date"), incognito=incognito)
    wide = scaled(frame, columns, written)
    wide.columns = ["valuation_date", *_fields(KNOWN)]
    written = _SHARES if as_share else written
    chart = _areas("How it is known", wide, [*KNOWN.values()], [BLUE, SKY, ORANGE], written)
    return chart.properties(height=_BAND) if as_share else chart


def amounts_over_time(
    amounts: pl.DataFrame,
    by: str,
    currency: str,
    *,
    as_share: bool = False,
    incognito: bool = False,
    most: int = len(PALETTE) - 1,
) -> alt.LayerChart:
    """Amounts by a dimension such as account, owner or asset class, as stacked areas.

    amounts: one row for each day (or last day of a period) and value of the column `by`;
    valuation_date, `by`, amount. A day without a row counts 0. currency: of amount.
    as_share: each one's size as a share of the day's; what is owed counts by its size too.
    most: so many are drawn by themselves, the largest over all days; the others as one.
    """
    import polars as pl

    columns: Columns = {"valuation_date": "day", by: "text", "amount": "amount"}
    key = ["valuation_date", by]
    frame = drawn("amounts_over_time", amounts, columns, key=key, is_bounded=False)
    written = unit(currency, frame["amount"], incognito=incognito)
    sizes = frame.group_by(by).agg(pl.col("amount").abs().sum())
    names = sizes.sort(-pl.col("amount"), by)[by].to_list()
    if len(names) > most:
        names = [*names[: most - 1], OTHERS]
    fields = _fields(names)
    others = fields[-1] if fields else None
    field = pl.col(by).replace_strict(names, fields, default=others, return_dtype=pl.String)
    sums = scaled(frame, columns, written).group_by("valuation_date", field.alias("field"))
    wide = sums.agg(pl.col("amount").sum()).pivot(
        "field", on_columns=fields, index="valuation_date"
    )
    unknown = counted(frame["amount"].null_count(), "unknown amount is", "unknown amounts are")
    return _areas(
        f"By {by.removesuffix('_name').replace('_', ' ')}",
        wide,
        names,
        PALETTE,
        _SHARES if as_share else written,
        unknown and f"{unknown} not in it",
    )


def _areas(
    title: str,
    wide: pl.DataFrame,
    names: Sequence[str],
    palette: Sequence[str],
    written: Unit,
    note: str = "",
) -> alt.LayerChart:
    """Stacked areas, the first part at the bottom.

    wide: a row a day; valuation_date, and the `_fields` of `names`. Null counts 0.
    """
    import altair as alt
    import polars as pl

    fields = _fields(names)
    wide, thin = thinned(wide.with_columns(pl.col(fields).fill_null(0.0)), len(fields))
    if written is _SHARES and fields:
        whole = pl.sum_horizontal(pl.col(fields).abs())
        wide = wide.with_columns(pl.col(fields).abs() / pl.when(whole > 0).then(whole))
    long = wide.unpivot(fields, index="valuation_date", variable_name="part", value_name="amount")
    part = pl.col("part").replace_strict(fields, names, return_dtype=pl.String)
    order = pl.col("part").replace_strict(fields, range(len(names)), return_dtype=pl.Int64)
    base = by_day(within_bounds(title, long.with_columns(part, order.alias("order"))))
    scale = alt.Scale(domain=[0, 1]) if written is _SHARES else alt.Scale()
    areas = (base.mark_area() if wide.height > 1 else base.mark_bar(size=24)).encode(
        y=alt.Y("amount:Q", title=None, axis=amount_axis(written), stack="zero", scale=scale),
        color=coloured("part", names, palette),
        order="order:Q",
    )
    parts = [
        alt.Tooltip(f"{field}:Q", title=name, format=written.exact)
        for field, name in zip(fields, names, strict=True)
    ]
    day = alt.Tooltip("valuation_date:T", title="day", format=DAY)
    layers = [areas, hover(wide, [day, *reversed(parts)])]
    return looked(layers, f"{title} ({written.name})", note, thin)


def _fields(names: Collection[str]) -> list[str]:
    """What columns of parts are called; to Vega, `a.b` would be a path, and names are anything."""
    return [f"part_{number}" for number in range(1, len(names) + 1)]
