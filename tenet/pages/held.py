"""What is held: the table of holdings, and the history and the reasons of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenet import explain
from tenet.charts import resolution
from tenet.explained import account_told, chain_told

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from tenet.workspace import Workspace

Row = dict[str, Any]


@dataclass(frozen=True)
class Chosen:
    """An account, or what it holds of one security, picked in a table."""

    name: str
    account_id: str
    security_id: str | None


_HOLDINGS = """
select
    case
        when security_id like '\\_CASH:%' escape '\\' then 'Cash (' || security_id[7:] || ')'
        else name
    end as name,
    account_name as account,
    market_value_base as value,
    weight,
    unrealized_gain as gain,
    cost_basis as cost,
    quantity,
    close_price as price,
    currency,
    price_date,
    replace(price_source, '_', ' ') as source,
    asset_class as class,
    owner,
    tax_bucket as bucket,
    case when security_id like '\\_%' escape '\\' then '' else coalesce(symbol, security_id) end
        as symbol,
    account_id,
    security_id,
from holdings_current
order by market_value_base desc nulls last, account, name
"""

_ACCOUNTS = """
select
    accounts.name as account,
    accounts.institution,
    account_values_daily.market_value_base as value,
    account_values_daily.assets_base as owned,
    account_values_daily.liabilities_base as owed,
    account_values_daily.snapshot_date as data_of,
    accounts.account_id,
from account_values_daily
inner join accounts using (account_id)
where valuation_date = $day
order by value desc, account
"""

_ACCOUNT_HISTORY = """
select max(valuation_date) as valuation_date, arg_max(market_value_base, valuation_date)
    as market_value_base, arg_max(snapshot_date, valuation_date) as snapshot_date
from account_values_daily
where account_id = $account_id and valuation_date between $first and $last
group by date_trunc($grain, valuation_date)
order by 1
"""

_HOLDING_HISTORY = """
with days as (
    select max(valuation_date) as valuation_date
    from daily_holding_values
    where account_id = $account_id and security_id = $security_id
        and valuation_date between $first and $last
    group by date_trunc($grain, valuation_date)
)
select
    valuation_date,
    market_value_base,
    quantity,
    close_price,
    currency,
    price_source,
    price_date,
    snapshot_date,
from daily_holding_values
semi join days using (valuation_date)
where account_id = $account_id and security_id = $security_id
order by valuation_date
"""


def holdings(workspace: Workspace) -> pl.DataFrame:
    """What is held on the build's last day, the largest first: a row for each account and security.

    value is in the base currency; gain (unrealized), cost and price are in `currency`.
    """
    return workspace.sql(_HOLDINGS)


def accounts(workspace: Workspace, day: date) -> pl.DataFrame:
    """The accounts that have a value on a day, the largest first; base currency."""
    return workspace.sql(_ACCOUNTS, {"day": day})


def chosen(lines: pl.DataFrame, accounts: pl.DataFrame) -> Chosen | None:
    """What is selected in the tables of holdings and of accounts, the former first."""
    if not lines.is_empty():
        row = lines.row(0, named=True)
        name = f"{row['name']} in {row['account']}"
        return Chosen(name, row["account_id"], row["security_id"])
    if not accounts.is_empty():
        row = accounts.row(0, named=True)
        return Chosen(row["account"], row["account_id"], None)
    return None


def history(
    workspace: Workspace, account_id: str, security_id: str | None, first: date, last: date
) -> pl.DataFrame:
    """An account, or what it holds of one security, on these days, for charts.value_over_time."""
    grain = resolution((last - first).days + 1)
    wanted = {"account_id": account_id, "first": first, "last": last, "grain": grain}
    if security_id is None:
        return workspace.sql(_ACCOUNT_HISTORY, wanted)
    return workspace.sql(_HOLDING_HISTORY, wanted | {"security_id": security_id})


def why(workspace: Workspace, day: date, account_id: str, security_id: str | None) -> str:
    """Why an account or a holding is worth what it is on a day: `tenet explain`, in its words."""
    found = explain.holdings(workspace, day, account_id=account_id, security=security_id)
    if security_id is None:
        lines = list(account_told(day, account_id, found))
    else:
        lines = [line for one in found for line in chain_told(explain.chain(workspace, one))]
    return "\n".join(lines)
