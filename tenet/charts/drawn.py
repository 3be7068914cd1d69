"""From a mart's frame to what is sent to a chart: the columns it draws, as dates, floats and text.

No chart sends more than POINTS rows. Lines and areas over longer times show the last day of each
week or month, and say so. A query does better to ask for no more, with the grain of `resolution`:

    select max(valuation_date) as valuation_date, arg_max(net_worth, valuation_date) as net_worth
    from net_worth_daily group by date_trunc($grain, valuation_date)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tenet.charts.theme import DAY, MOMENT
from tenet.errors import SchemaMismatch, TooManyPoints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt
    import polars as pl

    from tenet.charts.theme import Unit

    Kind = Literal["day", "moment", "amount", "units", "number", "share", "text", "word"]
    Columns = Mapping[str, Kind]
    Resolution = Literal["day", "week", "month"]

POINTS = 4000
"""Rows that one chart may send: more than a wide screen has pixels across."""

LENGTHS: Mapping[Resolution, str] = {"day": "1d", "week": "1w", "month": "1mo"}
_NUMBER = ",.10~f"
_TITLES = {
    "amount": "value",
    "carried_value": "carried",
    "close_price": "price",
    "estimated_value": "estimated",
    "market_value_base": "value",
    "observed_value": "observed",
    "price_age_days": "age of the price (days)",
    "price_date": "price of",
    "price_source": "price from",
    "stale_count": "stale prices",
    "unpriced_count": "without a value",
    "valuation_date": "day",
}


def resolution(days: int, series: int = 1) -> Resolution:
    """The finest grain at which `series` series over `days` days fit into one chart.

    The unit of a `date_trunc`; of each period its last day stands for it. With so many series that
    months are too many as well, name fewer of them.
    """
    if days * series <= POINTS:
        return "day"
    return "week" if days * series <= 7 * POINTS else "month"


def drawn(
    chart: str,
    frame: pl.DataFrame,
    needed: Columns,
    extra: Columns | None = None,
    *,
    key: Sequence[str] = (),
    is_bounded: bool = True,
) -> pl.DataFrame:
    """The `needed` columns and those of `extra` that the frame has, cast to what a chart reads.

    Numbers become floats, not finite ones null; an unknown text becomes "unknown"; a word of the
    code is written for people (`stale_price`: stale price).
    key: columns that may not be null, and not twice the same together.
    is_bounded: the rows are sent as they are, so that there is a limit to them.
    Raises SchemaMismatch, TooManyPoints.
    """
    if is_bounded:
        within_bounds(chart, frame)
    there = {name: kind for name, kind in (extra or {}).items() if name in frame.columns}
    columns = []
    for name, kind in {**needed, **there}.items():
        if name not in frame.columns:
            hint = f"its columns are {', '.join(frame.columns) or 'none'}"
            raise SchemaMismatch(chart, name, "not in the frame", hint=hint)
        columns.append(_cast(chart, frame[name], kind, is_key=name in key))
    kept = frame.select(columns)
    if key and kept.select(key).is_duplicated().any():
        twice = kept.filter(kept.select(key).is_duplicated()).row(0, named=True)
        values = ", ".join(str(twice[name]) for name in key)
        raise SchemaMismatch(chart, " and ".join(key), f"{values} stands there more than once")
    return kept


def within_bounds(chart: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame itself. Raises TooManyPoints when a chart may not send so many rows."""
    if frame.height > POINTS:
        raise TooManyPoints(chart, frame.height, POINTS)
    return frame


def thinned(frame: pl.DataFrame, series: int = 1) -> tuple[pl.DataFrame, str]:
    """Rows of one day each, by day: all, or each period's last so that `series` of them fit.

    Returns them with what to say about it under the title.
    """
    import polars as pl

    rows = frame.sort("valuation_date")
    if frame.height * series <= POINTS:
        return rows, ""
    days = rows["valuation_date"].to_list()
    grain = resolution((days[-1] - days[0]).days + 1, series)
    period = pl.col("valuation_date").dt.truncate(LENGTHS[grain]).alias("period")
    kept = rows.group_by(period, maintain_order=True).last().drop("period")
    return kept, f"the last day of each {grain}"


def scaled(frame: pl.DataFrame, columns: Columns, unit: Unit) -> pl.DataFrame:
    """The frame with its amounts in `unit`; incognito, without units and prices of what is held."""
    import polars as pl

    if unit.largest is None:
        return frame
    private = [name for name, kind in columns.items() if kind == "units" and name in frame.columns]
    amounts = [name for name, kind in columns.items() if kind == "amount" and name in frame.columns]
    return frame.drop(private).with_columns(pl.col(amounts) / unit.largest * 100)


def tooltips(frame: pl.DataFrame, columns: Columns, unit: Unit, **titles: str) -> list[alt.Tooltip]:
    """What is said about one row: those of `columns` that the frame has, written for people."""
    import altair as alt

    formats = {"day": DAY, "moment": MOMENT, "amount": unit.exact, "share": ".1%"}
    said = []
    for name, kind in columns.items():
        if name in frame.columns:
            type_ = "T" if kind in ("day", "moment") else "N" if kind in ("text", "word") else "Q"
            title = titles.get(name) or _TITLES.get(name) or name.replace("_", " ")
            tooltip = alt.Tooltip(f"{name}:{type_}", title=title)
            said.append(tooltip if type_ == "N" else tooltip.format(formats.get(kind, _NUMBER)))
    return said


def _cast(chart: str, column: pl.Series, kind: Kind, *, is_key: bool) -> pl.Series:
    import polars as pl

    wanted = {"day": pl.Date(), "moment": pl.Datetime("ms"), "text": pl.String()}
    wanted["word"] = wanted["text"]
    try:
        cast = column.cast(wanted.get(kind, pl.Float64()))
    except pl.exceptions.PolarsError as error:
        problem = f"{column.dtype} cannot be read as {kind}"
        raise SchemaMismatch(chart, column.name, problem) from error
    if is_key and cast.null_count():
        raise SchemaMismatch(chart, column.name, "is null, and every row needs it")
    if kind in ("text", "word"):
        text = cast.fill_null("unknown")
        return text if kind == "text" else text.str.replace_all("_", " ", literal=True)
    return cast.set(~cast.is_finite(), None) if cast.dtype == pl.Float64() else cast
