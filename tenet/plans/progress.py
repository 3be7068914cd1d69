"""What came true, laid over a saved run: where in its fan, how far ahead, and why.

The run stays as it was saved; it begins at the end of the day that its balances are of. Its fan is
in money of its basis year; what came true is brought into that money with the inflation of the run
itself. The parts of the deviation are money of the day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tenet.errors import DayTooEarly, DayTooLate, InputOutOfRange
from tenet.plans import store

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from tenet.plans.runs import Run
    from tenet.workspace import Workspace

PARTS = ("start", "market", "saving", "spending", "corrections", "other")
"""They add up to deviation_nominal."""

RANKS = (5, 10, 25, 50, 75, 90, 95)
_CENT = Decimal("0.01")

_ACTUAL = """
select
    valuation_date,
    coalesce(sum(market_value_base), 0)::decimal(28, 2) as net_worth_nominal,
from account_values_daily
where valuation_date between $first and $last and not list_contains($left_out, account_id)
group by valuation_date
order by valuation_date
"""
_REACH = """
select
    min(valuation_date) as first,
    max(valuation_date) as last,
    (select base_currency from build_info) as currency,
from account_values_daily
"""

# By month, so that pay and what is spent of it meet, and transfers between own accounts cancel out.
_FLOWS = """
with months as (
    select
        date_trunc('month', valuation_date) as month,
        sum(
            contributions + withdrawals + debt_principal
            + if(accounts.tax_bucket = 'debt', income + fees, 0)
        ) as flow,
        sum(
            market + currency_effect + revaluation
            + if(accounts.tax_bucket = 'debt', 0, income + fees)
        ) as market,
        sum(accounts_joined + accounts_left + corrections) as corrections,
    from net_worth_bridge
    left join accounts using (account_id)
    where valuation_date > $first
        and valuation_date <= $last
        and not list_contains($left_out, account_id)
    group by all
)

select
    coalesce(sum(greatest(flow, 0)), 0) as saving,
    coalesce(sum(least(flow, 0)), 0) as spending,
    coalesce(sum(market), 0) as market,
    coalesce(sum(corrections), 0) as corrections,
from months
"""


@dataclass(frozen=True)
class Progress:
    """A run and what came true of it, at the end of a day.

    percentile: of the run's paths, how many of 100 are below; None below the 5th or above the 95th
    (is_below, is_above). months_ahead: on the median, negative behind; None where the median never
    comes to what is there. deviation: actual less median. parts: of deviation_nominal, PARTS.
    inflation: per year since the base date, that of the run. is_edited, is_deleted: the scenario,
    since the run was saved.
    """

    run: Run
    day: date
    currency: str
    basis_year: int
    actual_nominal: Decimal
    actual_real: float
    median_real: float
    deviation_real: float
    deviation_nominal: Decimal
    percentile: float | None
    is_below: bool
    is_above: bool
    months_ahead: float | None
    inflation: float
    is_edited: bool
    is_deleted: bool
    parts: dict[str, Decimal]
    actual: pl.DataFrame = field(repr=False)
    """valuation_date, net_worth_nominal, net_worth_real, price_level, basis_year: every day."""
    fan: pl.DataFrame = field(repr=False)
    """The frozen one of net worth: date, p5_real to p95_real, basis_year; from the base date."""


def progress(workspace: Workspace, run: Run, on: date | None = None) -> Progress:
    """How a saved run has done until the end of a day (default: the build's last).

    Net worth without the accounts that the run left out. start: net worth on the base date less
    what the run counted then. market: growth, income, fees and exchange rates, less the run's.
    saving, spending: what the months brought in, or took out, beyond the run's; paid-off debt is
    saved. corrections: accounts that joined or left, values that became known. other: what the
    median of the run has and its future without chance has not.
    Raises DayTooEarly before the base date or the first value, DayTooLate, NoBuild,
    InputOutOfRange when the build is in another currency by now.
    """
    import polars as pl

    reach = workspace.sql(_REACH).row(0, named=True)
    if reach["currency"] != run.currency:
        raise InputOutOfRange(
            "currency of the run", run.currency, f"the build's {reach['currency']}"
        )
    day = on or reach["last"]
    first = max(run.base_date, reach["first"] or run.base_date)
    if day is None or day < first:
        raise DayTooEarly(day or first, first)
    if day > reach["last"]:
        raise DayTooLate(day, reach["last"])
    of = {"first": first, "last": day, "left_out": list(run.left_out)}
    actual = workspace.sql(_ACTUAL, of)
    expected, fan = _dated(run.expected, run), _dated(run.fan, run)
    fan = fan.filter(pl.col("series") == "net_worth").drop("series")
    levels = _at(expected, "price_level", actual["valuation_date"].to_list())
    worth = actual["net_worth_nominal"].cast(pl.Float64)
    actual = actual.with_columns(
        pl.Series("price_level", levels),
        (worth / pl.Series(levels)).alias("net_worth_real"),
        pl.lit(run.basis_year, pl.Int64).alias("basis_year"),
    )
    begin, now = actual.row(0, named=True), actual.row(-1, named=True)
    lines = [_at(fan, f"p{rank}_real", [day])[0] for rank in RANKS]
    median = lines[RANKS.index(50)]
    median_nominal = _cents(median * now["price_level"])
    deviation = now["net_worth_nominal"] - median_nominal
    years = (day - first) / timedelta(days=365.25)
    risen = now["price_level"] / begin["price_level"]
    current = _current(workspace, run)
    return Progress(
        run=run,
        day=day,
        currency=run.currency,
        basis_year=run.basis_year,
        actual_nominal=now["net_worth_nominal"],
        actual_real=now["net_worth_real"],
        median_real=median,
        deviation_real=now["net_worth_real"] - median,
        deviation_nominal=deviation,
        percentile=_percentile(now["net_worth_real"], lines),
        is_below=now["net_worth_real"] < lines[0],
        is_above=now["net_worth_real"] > lines[-1],
        months_ahead=_months_ahead(fan, day, now["net_worth_real"], median),
        inflation=risen ** (1 / years) - 1 if years else 0.0,
        is_edited=current is not None and current != run.version,
        is_deleted=current is None,
        parts=_parts(workspace, expected, of, begin["net_worth_nominal"], deviation),
        actual=actual,
        fan=fan,
    )


def _parts(
    workspace: Workspace,
    expected: pl.DataFrame,
    of: dict[str, Any],
    begin: Decimal,
    deviation: Decimal,
) -> dict[str, Decimal]:
    came = workspace.sql(_FLOWS, of).row(0, named=True)
    days = [of["first"], of["last"]]
    planned = {}
    for name in ("saved", "drawn", "market"):
        before, after = _at(expected, f"{name}_nominal", days)
        planned[name] = _cents(after - before)
    parts = {
        "start": begin - _cents(_at(expected, "net_worth_nominal", days)[0]),
        "market": came["market"] - planned["market"],
        "saving": came["saving"] - planned["saved"],
        "spending": came["spending"] - planned["drawn"],
        "corrections": came["corrections"],
    }
    parts = {name: _cents(amount) for name, amount in parts.items()}
    return parts | {"other": deviation - sum(parts.values(), Decimal(0))}


def _dated(table: pl.DataFrame, run: Run) -> pl.DataFrame:
    """A table of a run by the days at whose end its figures hold; the first is the base date."""
    import polars as pl

    return table.with_columns(pl.col("date") - pl.col("date").min() + run.base_date)


def _at(table: pl.DataFrame, column: str, days: list[date]) -> list[float]:
    """A column at the end of some days, between two dates in a straight line."""
    import numpy as np

    dates = [day.toordinal() for day in table["date"].to_list()]
    found = np.interp([day.toordinal() for day in days], dates, table[column].to_numpy())
    return [float(one) for one in found]


def _percentile(worth: float, lines: list[float]) -> float | None:
    import numpy as np

    if worth < lines[0] or worth > lines[-1]:
        return None
    if lines[0] == lines[-1]:
        return 50.0
    return float(np.interp(worth, lines, RANKS))


def _months_ahead(fan: pl.DataFrame, day: date, worth: float, median: float) -> float | None:
    """How many months lie between the day and the nearest one on which the median is the worth."""
    if worth == median:
        return 0.0
    dates, values = fan["date"].to_list(), fan["p50_real"].to_list()
    here = day.toordinal()
    found: list[float] = []
    for (since, before), (until, after) in pairwise(zip(dates, values, strict=True)):
        if before != after and min(before, after) <= worth <= max(before, after):
            share = (worth - before) / (after - before)
            found.append(since.toordinal() + share * (until - since).days)
    if not found:
        return None
    distance: float = min(abs(one - here) for one in found) / (365.25 / 12)
    return distance if worth > median else -distance


def _current(workspace: Workspace, run: Run) -> str | None:
    """The version that the scenario is at; None when it is deleted."""
    for one in store.scenarios(workspace.home):
        if one.scenario_id == run.scenario_id:
            return one.version
    return None


def _cents(amount: float | Decimal) -> Decimal:
    exact = amount if isinstance(amount, Decimal) else Decimal(repr(amount))
    return exact.quantize(_CENT, ROUND_HALF_UP)
