"""What the command line says about a build: a few plain queries over the marts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tenet.errors import DayTooEarly

if TYPE_CHECKING:
    import polars as pl

    from tenet.workspace import Workspace

Row = dict[str, Any]

_NET_WORTH = """
select
    now.*,
    now.net_worth - day.net_worth as change_day,
    now.net_worth - month.net_worth as change_month,
    now.net_worth - year.net_worth as change_year,
    (select base_currency from build_info) as currency,
from net_worth_daily as now
left join net_worth_daily as day
    on day.valuation_date = now.valuation_date - 1
left join net_worth_daily as month
    on month.valuation_date = (now.valuation_date - interval 1 month)::date
left join net_worth_daily as year
    on year.valuation_date = (now.valuation_date - interval 1 year)::date
where now.valuation_date = $day
"""

_BY = {
    "account": """
        select
            account_id,
            account_name,
            sum(market_value_base) as market_value_base,
            max(snapshot_date) as snapshot_date,
            count(*) filter (where market_value_base is null) as unpriced_count,
        from daily_holding_values
        left join (select account_id, name as account_name from accounts) using (account_id)
        where valuation_date = $day
        group by all
        order by market_value_base desc nulls last, account_id
    """,
    "portfolio": """
        select
            portfolio,
            total_value,
            cash_value,
            holdings_value,
            account_count,
            unpriced_count,
        from portfolio_values_daily
        where valuation_date = $day
        order by total_value desc, portfolio
    """,
    "currency": """
        select
            currency,
            sum(market_value) as market_value,
            sum(market_value_base) as market_value_base,
            count(*) filter (where market_value_base is null) as unpriced_count,
        from daily_holding_values
        where valuation_date = $day and security_id <> '_ZERO_BALANCE'
        group by currency
        order by market_value_base desc nulls last, currency
    """,
}


def net_worth(workspace: Workspace, day: date | None = None) -> Row:
    """Net worth on a day (default: the build's last) with its changes and coverage.

    change_day, change_month, change_year: against the same day earlier; None where there is none.
    Raises NoBuild, DayTooEarly.
    """
    day = day or _last_day(workspace)
    rows = workspace.sql(_NET_WORTH, {"day": day}).to_dicts()
    if not rows:
        first = workspace.sql("select min(valuation_date) from net_worth_daily").item()
        raise DayTooEarly(day, first)
    return rows[0]


def net_worth_by(workspace: Workspace, dimension: str, day: date | None = None) -> pl.DataFrame:
    """Net worth on a day by account, portfolio or currency, largest first."""
    return workspace.sql(_BY[dimension], {"day": day or _last_day(workspace)})


def net_worth_history(workspace: Workspace, day: date | None = None) -> pl.DataFrame:
    """The rows of net_worth_daily through a day, oldest first."""
    query = "select * from net_worth_daily where valuation_date <= $day order by valuation_date"
    return workspace.sql(query, {"day": day or _last_day(workspace)})


def _last_day(workspace: Workspace) -> date:
    day = workspace.sql("select through_date from build_info").item()
    assert isinstance(day, date)
    return day
