"""Net worth and its parts over time, and what changed over the usual spans."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tenet import resources
from tenet.analysis import inflation
from tenet.bridge import PARTS, bridge
from tenet.charts import resolution

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    import polars as pl

    from tenet.pages.opening import Build
    from tenet.workspace import Workspace

_WORTHS = (
    *("net_worth", "assets", "liabilities", "cash"),
    *("observed_value", "carried_value", "estimated_value"),
)

SPANS = ("day", "month", "year to date", "year", "all")

_CHANGES = f"""
with
spans as (
    select 'day' as span, $day::date - 1 as first_date
    union all
    select 'month', ($day::date - interval 1 month)::date
    union all
    select 'year to date', date_trunc('year', $day::date)::date - 1
    union all
    select 'year', ($day::date - interval 1 year)::date
    union all
    select 'all', $first_day::date
),
days as (
    select
        valuation_date,
        {", ".join(f"sum({part}) as {part}" for part in PARTS)},
    from net_worth_bridge
    where valuation_date <= $day
    group by all
)
select
    spans.span,
    spans.first_date,
    opening.net_worth as opening,
    closing.net_worth - opening.net_worth as change,
    {", ".join(f"coalesce(sum(days.{part}), 0) as {part}" for part in PARTS)},
from spans
inner join net_worth_daily as opening on spans.first_date = opening.valuation_date
cross join (select net_worth from net_worth_daily where valuation_date = $day) as closing
left join days on days.valuation_date > spans.first_date
group by all
order by spans.first_date desc
"""

_HISTORY = """
with periods as (
    select max(valuation_date) as valuation_date
    from net_worth_daily
    where valuation_date between $first and $last
    group by date_trunc($grain, valuation_date)
)
select net_worth_daily.*
from net_worth_daily
semi join periods using (valuation_date)
order by valuation_date
"""

_MARKS = """
with
changed as (
    select
        valuation_date,
        account_id,
        accounts_joined,
        accounts_left,
        corrections,
    from net_worth_bridge
    where valuation_date between $first and $last
        and (accounts_joined <> 0 or accounts_left <> 0 or corrections <> 0)
),
marked as (
    select
        valuation_date,
        unnest([
            case when accounts_joined <> 0 then 'account joined' end,
            case when accounts_left <> 0 then 'account left' end,
            case when corrections <> 0 then 'data corrected' end,
        ]) as kind,
        coalesce(accounts.name, account_id) as name,
    from changed
    left join accounts using (account_id)
    union all
    select
        valuation_date,
        'restated later',
        'by ' || string_agg(distinct cause, ', ' order by cause),
    from restatements
    inner join net_worth_daily using (valuation_date)
    where valuation_date between $first and $last
    group by valuation_date, net_worth
    having abs(sum(change)) > 0.005 * abs(net_worth)
)
select
    valuation_date,
    kind,
    array_to_string(list(distinct name order by name)[:5], ', ') as what,
from marked
where kind is not null
group by all
order by valuation_date desc, kind
limit 40
"""

_OF_ACCOUNTS = """
select valuation_date, coalesce({label}, 'not said') as name, sum(market_value_base) as amount
from account_values_daily
inner join (select account_id, {label} from accounts) using (account_id)
"""

_AMOUNTS = {
    "account": _OF_ACCOUNTS.format(label="name"),
    "owner": """
        select valuation_date, owner as name, net_worth{then} as amount from owner_values_daily
    """,
    "asset class": """
        select valuation_date, asset_class as name, sum(market_value_base{then}) as amount
        from account_allocation_daily
    """,
    "currency": """
        select valuation_date, currency as name, sum(market_value_base) as amount
        from account_kind_values_daily
    """,
    "tax bucket": _OF_ACCOUNTS.format(label="tax_bucket"),
    "liquidity": _OF_ACCOUNTS.format(label="liquidity"),
    "institution": _OF_ACCOUNTS.format(label="institution"),
    "portfolio": """
        select valuation_date, portfolio as name, total_value as amount
        from portfolio_values_daily
    """,
    "owned and owed": """
        select valuation_date, name, sum(amount) as amount
        from (
            select
                valuation_date,
                unnest(['cash', 'other assets', 'liabilities']) as name,
                unnest([
                    greatest(cash, 0), assets - greatest(cash, 0), -liabilities
                ]) as amount,
            from net_worth_daily
        )
    """,
}

DIMENSIONS = tuple(_AMOUNTS)
"""What net worth over time can be divided by."""


def changes(workspace: Workspace, build: Build) -> pl.DataFrame:
    """What changed over each of SPANS that the build reaches back to, the shortest first.

    span, first_date (compared with its end), opening, change, and the bridge's PARTS, which add up
    to the change; base currency.
    """
    return workspace.sql(_CHANGES, {"day": build.day, "first_day": build.first_day})


def changes_told(changed: pl.DataFrame, currency: str, *, incognito: bool) -> list[dict[str, Any]]:
    """`changes` for marimo's mo.stat: label, value, caption (the largest part), direction."""
    told = []
    for row in changed.to_dicts():
        change, opening = row["change"], row["opening"]
        growth = f"{change / opening:+.1%}" if opening > 0 else ""
        largest = max(PARTS, key=lambda part: abs(row[part]))
        caption = f"mostly {largest.replace('_', ' ')}" if row[largest] else "nothing moved"
        told.append(
            {
                "label": f"since {row['first_date']}" if row["span"] == "all" else row["span"],
                "value": growth if incognito else f"{change:+,.0f} {currency}",
                "caption": caption if incognito else f"{growth} {caption}",
                "direction": "increase" if change > 0 else "decrease" if change < 0 else None,
            }
        )
    return told


def parts_between(workspace: Workspace, first: date, last: date) -> tuple[pl.DataFrame, Decimal]:
    """The bridge between two days for its chart: part (in words) and amount; and the opening."""
    import polars as pl

    row = bridge(workspace, first, last)
    rows = {
        "part": [part.replace("_", " ") for part in PARTS],
        "amount": [row[part] for part in PARTS],
    }
    return pl.DataFrame(rows), row["opening"]


def is_span(days: tuple[date, date]) -> bool:
    """Whether the second of two days is later than the first."""
    return days[0] < days[1]


def in_money_of(build: Build, amounts: pl.DataFrame, otherwise: float) -> pl.DataFrame:
    """Rows of net_worth_daily in what money bought on the build's day.

    By the yearly consumer prices that ship (of the United States, for dollars alone), and by
    `otherwise`, a fraction a year, where there are none.
    """
    columns = [name for name in _WORTHS if name in amounts.columns]
    yearly = _inflation() if build.currency == "USD" else {}
    return inflation.in_money_of(build.day, amounts, columns, yearly, otherwise=otherwise)


def _inflation() -> dict[int, float]:
    with (resources.folder("data") / "annual_returns.csv").open(encoding="utf-8") as file:
        return {int(row["year"]): float(row["inflation"]) for row in csv.DictReader(file)}


def range_of(build: Build, span: str) -> tuple[date, date]:
    """The first and the last day of one of SPANS, within the build."""
    day = build.day
    starts = {
        "day": day - timedelta(1),
        "month": day - timedelta(31),
        "year to date": day.replace(month=1, day=1) - timedelta(1),
        "year": day - timedelta(365),
        "all": build.first_day,
    }
    return max(starts[span], build.first_day), day


def history(workspace: Workspace, first: date, last: date) -> pl.DataFrame:
    """The rows of net_worth_daily of these days, oldest first; over long times fewer of them.

    Each period's last day then stands for it; see tenet.charts.resolution.
    """
    grain = resolution((last - first).days + 1)
    return workspace.sql(_HISTORY, {"first": first, "last": last, "grain": grain})


def marks(workspace: Workspace, first: date, last: date) -> pl.DataFrame:
    """Days to point out, the latest forty: valuation_date, kind, what (accounts, or causes).

    Accounts that joined or left, values that became known, and days of which a later build changed
    net worth by more than half a percent.
    """
    return workspace.sql(_MARKS, {"first": first, "last": last})


def amounts_by(
    workspace: Workspace, dimension: str, first: date, last: date, *, as_then: bool = False
) -> pl.DataFrame:
    """Net worth of these days by one of DIMENSIONS: valuation_date, that dimension, amount.

    as_then: by owners and classes as they were on each day, not as they are now.
    Over long times of each period's last day, so that eight areas fit into one chart.
    """
    from tenet.database import identifier

    grain = resolution((last - first).days + 1, 8)
    amounts = _AMOUNTS[dimension].replace("{then}", "_then" if as_then else "")
    query = f"""
        with periods as (
            select max(valuation_date) as valuation_date
            from net_worth_daily
            where valuation_date between $first and $last
            group by date_trunc($grain, valuation_date)
        )
        select valuation_date, name as {identifier(dimension)}, sum(amount) as amount,
        from ({amounts} where valuation_date in (from periods) group by all)
        group by all
        order by all
    """
    return workspace.sql(query, {"first": first, "last": last, "grain": grain})
