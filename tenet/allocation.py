"""What the household is invested in, and what would bring it to its targets: over the marts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tenet.analysis.rebalance import rebalance
from tenet.errors import DayTooEarly, DayTooLate, NothingToRebalance

if TYPE_CHECKING:
    from decimal import Decimal

    import polars as pl

    from tenet.workspace import Workspace

Row = dict[str, Any]

_REACH = """
select min(valuation_date), max(valuation_date), any_value(through_date)
from build_info
left join net_worth_daily on true
"""

_CLASSES = """
select
    asset_class,
    market_value_base{then} as market_value_base,
    round(weight{then}, 6) as weight,
    target_weight{then}::double as target_weight,
    round(drift{then}, 6) as drift,
    unpriced_count{then} as unpriced_count,
from allocation_daily
where
    valuation_date = $day
    and (market_value_base{then} <> 0 or target_weight{then} > 0 or unpriced_count{then} > 0)
order by market_value_base desc, asset_class
"""

_BY = """
with
held as (
    select
        {columns},
        asset_class,
        market_value_base{then} as value,
        unpriced_count{then} as unpriced,
    from account_allocation_daily
    inner join accounts using (account_id)
    where valuation_date = $day and is_allocated
)
select
    {columns},
    asset_class,
    sum(value) as market_value_base,
    round(sum(value)::double / nullif(sum(sum(value)) over (), 0)::double, 6) as weight,
    sum(unpriced)::bigint as unpriced_count,
from held
group by {columns}, asset_class
having sum(value) <> 0 or sum(unpriced) > 0
order by {columns}, market_value_base desc, asset_class
"""

_COLUMNS = {
    "account": "account_id, name",
    "portfolio": "portfolio",
    "tax-bucket": "tax_bucket",
    "liquidity": "liquidity",
}

_LEFT_OUT = """
select
    account_id,
    name,
    asset_class,
    market_value_base{then} as market_value_base,
    unpriced_count{then} as unpriced_count,
from account_allocation_daily
inner join accounts using (account_id)
where
    valuation_date = $day
    and not is_allocated
    and (market_value_base{then} <> 0 or unpriced_count{then} > 0)
order by abs(market_value_base) desc, account_id, asset_class
"""

_POSITIONS = """
select account_id, asset_class, market_value_base{then} as market_value_base, tax_bucket, liquidity
from account_allocation_daily
inner join accounts using (account_id)
where valuation_date = $day and is_allocated
"""

_NAMES = """
select
    account_id,
    name as account_name,
    asset_class as from_class,
    bool_or(rule = 'look_through') as is_in_fund,
from accounts
inner join holding_classes using (account_id)
where if($then, $day between first_date and coalesce(last_date, $day), is_current)
group by all
"""

_TARGETS = """
select asset_class, target_weight{then}
from allocation_daily
where valuation_date = $day and target_weight{then} is not null
"""

_RULES = """
select
    holdings_current.account_id,
    account_name,
    holdings_current.security_id,
    name,
    holding_classes.asset_class,
    rule,
    holding_classes.weight::double as weight,
    (
        round(market_value_base * weight_until, 2) - round(market_value_base * weight_before, 2)
    )::decimal(18, 2) as market_value_base,
from holdings_current
inner join holding_classes
    on holdings_current.account_id = holding_classes.account_id
    and holdings_current.security_id = holding_classes.security_id
    and holding_classes.is_current
order by
    rule <> 'unclassified',
    market_value_base desc nulls last,
    holdings_current.account_id,
    holdings_current.security_id,
    holding_classes.asset_class
"""

_STATEMENT = """
select
    valuation_date,
    owner_statements.owner,
    account_id,
    accounts.name as account_name,
    owner_statements.tax_bucket,
    owner_statements.liquidity,
    share{then}::double as share,
    market_value_base{then} as market_value_base,
    after_tax_base{then} as after_tax_base,
    unpriced_count,
    unknown_tax_count,
from owner_statements
inner join accounts using (account_id)
where valuation_date = $day and share{then} > 0
order by owner_statements.owner, owner_statements.market_value_base{then} desc, account_id
"""


def allocation(
    workspace: Workspace, day: date | None = None, *, by: str = "class", as_then: bool = False
) -> pl.DataFrame:
    """What is held of each asset class on a day (default: the build's last).

    by: `class`, with target_weight and drift; or `account`, `portfolio`, `tax-bucket`, `liquidity`,
    one row per such and class. Weights are of the whole allocation.
    as_then: by the classes and targets as they were on that day, not as they are now.
    Debts and excluded accounts are left out: see left_out. Raises NoBuild, DayTooEarly, DayTooLate.
    """
    if by == "class":
        return _on(workspace, _CLASSES, day, as_then)
    return _on(workspace, _BY.replace("{columns}", _COLUMNS[by]), day, as_then)


def left_out(
    workspace: Workspace, day: date | None = None, *, as_then: bool = False
) -> pl.DataFrame:
    """What the allocation of a day leaves out, by account and class: debts, excluded accounts."""
    return _on(workspace, _LEFT_OUT, day, as_then)


def rebalanced(
    workspace: Workspace, amount: Decimal, day: date | None = None, *, as_then: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Moves and classes of tenet.analysis.rebalance for what is held on a day.

    Each move has account_name, and is_in_fund: some of from_class there lies in funds that hold
    other classes too, which are sold with it.
    Raises NoBuild, DayTooEarly, DayTooLate, WrongSum, NothingToRebalance, NotEnough.
    """
    positions = _on(workspace, _POSITIONS, day, as_then)
    targets = dict(_on(workspace, _TARGETS, day, as_then).rows())
    if not targets:
        raise NothingToRebalance
    moves, classes = rebalance(positions, targets, amount)
    names = _on(workspace, _NAMES, day, as_then)
    known = moves.join(names, on=["account_id", "from_class"], how="left", maintain_order="left")
    return known.select(
        "step", "account_id", "account_name", "from_class", "to_class", "amount", "is_in_fund"
    ), classes


def rules(workspace: Workspace) -> pl.DataFrame:
    """Each holding of the build's last day with its class and the rule that says so.

    What is unclassified comes first, with the money at stake; a fund has a row per class.
    """
    return workspace.sql(_RULES)


def statement(workspace: Workspace, year: int, *, as_then: bool = False) -> pl.DataFrame:
    """What each owner had in each account on 31 December of a year, before and after tax.

    as_then: by the owners of that day, not of now; tax buckets are those of now.
    Raises NoBuild, DayTooEarly, DayTooLate.
    """
    return _on(workspace, _STATEMENT, date(year, 12, 31), as_then)


def _on(workspace: Workspace, query: str, day: date | None, as_then: bool) -> pl.DataFrame:
    query = query.replace("{then}", "_then" if as_then else "")
    first, last, through = workspace.sql(_REACH).row(0)
    day = day or through
    if first is None or day < first:
        raise DayTooEarly(day, first)
    if day > last:
        raise DayTooLate(day, last)
    given = {"day": day, "then": as_then}
    return workspace.sql(query, {name: of for name, of in given.items() if f"${name}" in query})
