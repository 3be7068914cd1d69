"""Lines over time: net worth, and the value of one account or holding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.charts.drawn import drawn, scaled, thinned, tooltips, within_bounds
from tenet.charts.layers import hover, line, marked
from tenet.charts.theme import BLUE, amount_axis, counted, looked, unit

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from tenet.charts.drawn import Columns

_NET_WORTH: Columns = {"valuation_date": "day", "net_worth": "amount"}
_KNOWN: Columns = {
    "observed_value": "amount",
    "carried_value": "amount",
    "estimated_value": "amount",
    "unpriced_count": "number",
    "stale_count": "number",
}
_VALUE: Columns = {"valuation_date": "day", "market_value_base": "amount"}
_PROVENANCE: Columns = {
    "quantity": "units",
    "close_price": "units",
    "currency": "text",
    "price_source": "text",
    "price_date": "day",
    "price_age_days": "number",
    "snapshot_date": "day",
}


def net_worth_over_time(
    net_worth: pl.DataFrame,
    currency: str,
    *,
    marks: pl.DataFrame | None = None,
    log: bool = False,
    incognito: bool = False,
) -> alt.LayerChart:
    """Net worth as a line.

    net_worth: one row a day, or of each period its last day; valuation_date, net_worth, and for
    the tooltip what else of net_worth_daily is there. currency: what its amounts are in.
    marks: days to point out; valuation_date, kind (such as "account joined"), what (in words).
    log: equal growth has equal height; days without a positive net worth are left out and counted.
    """
    frame = drawn(
        "net_worth_over_time",
        net_worth,
        _NET_WORTH,
        _KNOWN,
        key=["valuation_date"],
        is_bounded=False,
    )
    columns = {**_NET_WORTH, **_KNOWN}
    return _line("Net worth", frame, columns, currency, marks=marks, log=log, incognito=incognito)


def value_over_time(
    values: pl.DataFrame,
    currency: str,
    title: str,
    *,
    marks: pl.DataFrame | None = None,
    log: bool = False,
    incognito: bool = False,
) -> alt.LayerChart:
    """What one account or one holding was worth, as a line.

    values: one row a day, or of each period its last day; valuation_date, market_value_base, and
    for the tooltip quantity, close_price, currency (of the price), price_source, price_date,
    price_age_days, snapshot_date where they are there.
    currency: of market_value_base. title: whose value it is. The rest: as of net_worth_over_time.
    """
    frame = drawn(
        "value_over_time", values, _VALUE, _PROVENANCE, key=["valuation_date"], is_bounded=False
    )
    columns = {**_VALUE, **_PROVENANCE}
    return _line(title, frame, columns, currency, marks=marks, log=log, incognito=incognito)


def _line(
    title: str,
    frame: pl.DataFrame,
    columns: Columns,
    currency: str,
    *,
    marks: pl.DataFrame | None,
    log: bool,
    incognito: bool,
) -> alt.LayerChart:
    """A line through the second of `columns`."""
    import altair as alt
    import polars as pl

    name = list(columns)[1]
    written = unit(currency, frame[name], incognito=incognito)
    frame, thin = thinned(scaled(frame, columns, written))
    scale, hidden = alt.Scale(zero=False), 0
    if log:
        scale, hidden = alt.Scale(type="log", nice=False), frame.filter(pl.col(name) <= 0).height
        frame = frame.with_columns(pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name))
    y = alt.Y(f"{name}:Q", title=None, scale=scale, axis=amount_axis(written))
    layers = [
        *line(within_bounds(title, frame), name, y, alt.value(BLUE)),
        *marked(marks),
        hover(frame, tooltips(frame, columns, written)),
    ]
    note = counted(hidden, "day is at or below zero", "days are at or below zero")
    return looked(layers, f"{title} ({written.name})", note and f"{note}, not shown", thin)
