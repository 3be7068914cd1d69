"""Many outcomes at once: how they spread, and how they depend on two parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.charts.drawn import drawn, scaled, tooltips
from tenet.charts.theme import (
    BLUE,
    ORANGE,
    PURPLE,
    VERMILLION,
    amount_axis,
    coloured,
    counted,
    looked,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    import altair as alt
    import polars as pl

    from tenet.charts.drawn import Columns, Kind

_BIN: Columns = {"since": "amount", "until": "amount", "paths": "number"}
_WRITTEN_CELLS = 150
"""In more cells than that, only the tooltip says the value."""


def distribution(
    outcomes: pl.DataFrame,
    currency: str,
    *,
    title: str = "How it may end",
    bins: int = 40,
    marks: Mapping[str, Decimal | float] | None = None,
    incognito: bool = False,
) -> alt.LayerChart:
    """A histogram of amounts, such as what each simulated path ends with.

    outcomes: one row a path, any number of them; amount (in `currency`; unknown ones are counted
    under the title). Only how many fall into each of `bins` equal intervals is sent.
    marks: amounts to point out, by name, such as a median or a goal.
    """
    import altair as alt
    import polars as pl

    amounts = drawn("distribution", outcomes, {"amount": "amount"}, is_bounded=False)["amount"]
    marked = [(name, float(amount)) for name, amount in (marks or {}).items()]
    frame = pl.DataFrame(marked, schema={"name": pl.String, "amount": pl.Float64}, orient="row")
    written = unit(currency, amounts, frame["amount"], incognito=incognito)
    bars = scaled(_binned(amounts.drop_nulls(), bins), _BIN, written)
    x = alt.X("since:Q", bin="binned", title=None, axis=amount_axis(written))
    y = alt.Y("paths:Q", title="paths", axis=alt.Axis(format=",.0f", tickMinStep=1))
    said = tooltips(bars, _BIN, written, since="from", until="to")
    layers = [alt.Chart(bars).mark_bar(color=BLUE).encode(x=x, x2="until:Q", y=y, tooltip=said)]
    if marked:
        lines = alt.Chart(scaled(frame, {"amount": "amount"}, written)).mark_rule(strokeWidth=2)
        colour = coloured("name", frame["name"].to_list(), [VERMILLION, ORANGE, PURPLE])
        said = tooltips(frame, {"name": "text", "amount": "amount"}, written)
        layers.append(lines.encode(x="amount:Q", color=colour, tooltip=said))
    unknown = counted(amounts.null_count(), "unknown amount is", "unknown amounts are")
    note = unknown and f"{unknown} not in it"
    return looked(layers, f"{title} ({written.name})", note)


def parameter_grid(
    grid: pl.DataFrame, x: str, y: str, value: str, *, title: str, written: str = ".0%"
) -> alt.LayerChart:
    """How an outcome depends on two parameters, as a heat map.

    grid: one row for each pair; the columns `x` and `y` (numbers or texts, drawn in the order of
    the rows, y from the top) and `value` (a number; unknown ones are left empty).
    written: how values are written, as a d3 format: ".0%" for fractions, ",.0f" for amounts.
    """
    import altair as alt

    columns: Columns = {x: _kind(grid, x), y: _kind(grid, y), value: "number"}
    frame = drawn("parameter_grid", grid, columns, key=[x, y])
    cells = frame.rename({x: "x", y: "y", value: "value"}).drop_nulls()
    titles = {"x": x.replace("_", " "), "y": y.replace("_", " "), "value": value.replace("_", " ")}
    base = alt.Chart(cells).encode(
        x=alt.X("x:O", title=titles["x"], sort=None, axis=_axis(cells["x"])),
        y=alt.Y("y:O", title=titles["y"], sort=None, axis=_axis(cells["y"])),
        tooltip=[
            alt.Tooltip("x:O", title=titles["x"]),
            alt.Tooltip("y:O", title=titles["y"]),
            alt.Tooltip("value:Q", title=titles["value"], format=written),
        ],
    )
    legend = alt.Legend(format=written, gradientLength=260, tickCount=5, title=titles["value"])
    colour = alt.Color("value:Q", scale=alt.Scale(scheme="cividis"), legend=legend)
    layers = [base.mark_rect().encode(color=colour)]
    if cells.height <= _WRITTEN_CELLS:
        text = alt.Text("value:Q", format=written)
        low, high = _ends(cells["value"])
        dark = alt.datum.value < (low + high) / 2
        ink = alt.when(dark).then(alt.value("#ffffff")).otherwise(alt.value("#000000"))
        layers.append(base.mark_text().encode(text=text, color=ink))
    return looked(layers, title, height=alt.Step(28))


def _binned(amounts: pl.Series, bins: int) -> pl.DataFrame:
    """How many amounts fall into each of `bins` equal intervals; empty ones are left out."""
    import polars as pl

    low, high = _ends(amounts)
    width = (high - low) / bins or abs(low) / bins or 1.0
    number = ((amounts - low) / width).floor().clip(0, bins - 1)
    counts = number.rename("number").value_counts(name="paths").sort("number")
    since = low + pl.col("number") * width
    return counts.select(
        since.alias("since"), (since + width).alias("until"), pl.col("paths").cast(pl.Float64)
    )


def _ends(values: pl.Series) -> tuple[float, float]:
    """The smallest and the largest; 0 and 0 of none."""
    low, high = values.min(), values.max()
    return (low, high) if isinstance(low, float) and isinstance(high, float) else (0.0, 0.0)


def _axis(values: pl.Series) -> alt.Axis:
    """An axis of single values; thousands are separated where they cannot be years."""
    import altair as alt

    is_long = values.dtype.is_numeric() and _ends(values)[1] >= 10_000
    return alt.Axis(labelAngle=0, format="," if is_long else alt.Undefined)


def _kind(frame: pl.DataFrame, name: str) -> Kind:
    is_number = name in frame.columns and frame[name].dtype.is_numeric()
    return "number" if is_number else "text"
