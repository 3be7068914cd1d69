"""The published tables and their columns, in words; and queries to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.errors import TenetError

if TYPE_CHECKING:
    import polars as pl

    from tenet.workspace import Workspace

_TABLES = """
select table_name as table, estimated_size as rows, coalesce(comment, '') as meaning
from duckdb_tables()
where database_name = current_database()
order by table_name
"""

_COLUMNS = """
select column_name as column, lower(data_type) as type, coalesce(comment, '') as meaning
from duckdb_columns()
where database_name = current_database() and table_name = $table
order by column_index
"""

QUESTIONS = {
    "What do we hold, the largest first?": """
select account_name, name, quantity, market_value_base, weight, price_source, price_date
from holdings_current
order by market_value_base desc nulls last
""",
    "What was net worth at the end of each year?": """
select year(valuation_date) as year, arg_max(net_worth, valuation_date) as net_worth
from net_worth_daily
group by year
order by year
""",
    "On which days did net worth move the most, and why?": """
select
    valuation_date,
    sum(change) as change,
    sum(market) as market,
    sum(contributions + withdrawals) as paid_in,
    sum(currency_effect) as currency_effect,
from net_worth_bridge
group by valuation_date
order by abs(sum(change)) desc
limit 20
""",
    "In which currencies are we, and how did that change?": """
select
    date_trunc('month', valuation_date)::date as month,
    currency,
    round(arg_max(worth, valuation_date)) as market_value_base,
from (
    select valuation_date, currency, sum(market_value_base) as worth
    from account_kind_values_daily
    group by all
)
group by month, currency
order by month desc, market_value_base desc
""",
    "What did each year bring in dividends and interest?": """
select year(valuation_date) as year, sum(income) as income
from net_worth_bridge
group by year
order by year
""",
    "What is in doubt right now?": """
select kind, security_name, first_date, days, value_at_stake, detail
from gaps
where is_open
order by value_at_stake desc nulls last
""",
    "Where does one number come from? Every holding on one day": """
select *
from daily_holding_values
where valuation_date = (select max(valuation_date) - 30 from net_worth_daily)
order by market_value_base desc nulls last
""",
}
"""Questions, each with the query that answers it."""


def tables(workspace: Workspace) -> pl.DataFrame:
    """Every published table: table, rows, meaning."""
    return workspace.sql(_TABLES)


def columns(workspace: Workspace, table: str) -> pl.DataFrame:
    """The columns of one of them, in order: column, type, meaning."""
    return workspace.sql(_COLUMNS, {"table": table})


def answer(workspace: Workspace, query: str) -> tuple[pl.DataFrame | None, str]:
    """The answer to a query, or None; and what to say about it, in Markdown."""
    try:
        found = workspace.sql(query)
    except TenetError as error:
        return None, f"**{error}**"
    return found, f"{found.height:,} rows, {found.width} columns"
