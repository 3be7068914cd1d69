"""Why net worth is more, or less, than on an earlier day: sums over the mart net_worth_bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.errors import DayTooEarly, DayTooLate

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from tenet.workspace import Workspace

Row = dict[str, Any]

PARTS = (
    "contributions",
    "withdrawals",
    "market",
    "currency_effect",
    "income",
    "fees",
    "debt_principal",
    "revaluation",
    "accounts_joined",
    "accounts_left",
    "corrections",
)
"""The columns of net_worth_bridge that add up to `change`."""

_SUMS = ", ".join(f"coalesce(sum({part}), 0) as {part}" for part in PARTS)
_ALL_PARTS = " + ".join(PARTS)

_TOTAL = f"""
with worth as (
    select
        coalesce(sum(market_value_base) filter (where valuation_date = $first), 0) as opening,
        coalesce(sum(market_value_base) filter (where valuation_date = $last), 0) as closing,
    from account_values_daily
    where $account_id is null or account_id = $account_id
)
select
    $first::date as first_date,
    $last::date as last_date,
    (select base_currency from build_info) as currency,
    worth.opening,
    worth.closing,
    worth.closing - worth.opening as change,
    {_SUMS},
    worth.closing - worth.opening - coalesce(sum({_ALL_PARTS}), 0) as residual,
    count(distinct valuation_date) filter (where unpriced_count > 0) as unpriced_day_count,
from worth
left join net_worth_bridge
    on valuation_date > $first
    and valuation_date <= $last
    and ($account_id is null or account_id = $account_id)
group by worth.opening, worth.closing
"""

_BY = {
    "account": "account_id, (select any_value(name) from accounts "
    "where accounts.account_id = net_worth_bridge.account_id) as account_name",
    "owner": "owner",
    "day": "valuation_date",
    "month": "strftime(valuation_date, '%Y-%m') as month",
}

_RESIDUALS = f"""
with days as (
    select
        valuation_date,
        net_worth - lag(net_worth) over (order by valuation_date) as change,
    from net_worth_daily
    qualify change is not null
),

account_changes as (
    select valuation_date, account_id, sum(worth) as change
    from (
        select valuation_date, account_id, market_value_base as worth
        from account_values_daily
        union all
        select valuation_date + 1, account_id, -market_value_base
        from account_values_daily
    )
    semi join days using (valuation_date)
    group by all
),

day_parts as (
    select valuation_date, sum({_ALL_PARTS}) as parts from net_worth_bridge group by all
)

select
    (
        select count(*)
        from account_changes
        full join net_worth_bridge as bridge using (valuation_date, account_id)
        where account_changes.change is distinct from bridge.change
            or bridge.change is distinct from {_ALL_PARTS}
    ) + (
        select count(*)
        from days
        full join day_parts using (valuation_date)
        where coalesce(days.change, 0) <> coalesce(day_parts.parts, 0)
    )
"""


def bridge(workspace: Workspace, first: date, last: date, *, account_id: str | None = None) -> Row:
    """The walk from net worth at the end of a day to that at the end of a later one.

    account_id: of this account alone.
    Returns opening, closing, change, each of PARTS (zero where there is none), residual (what the
    parts lack of the change: zero), and unpriced_day_count, the days on which a holding had no
    value. Amounts are in `currency`.
    Raises NoBuild, DayTooEarly, DayTooLate.
    """
    _check(workspace, first, last)
    return workspace.sql(_TOTAL, {"first": first, "last": last, "account_id": account_id}).row(
        0, named=True
    )


def bridge_by(
    workspace: Workspace, dimension: str, first: date, last: date, *, account_id: str | None = None
) -> pl.DataFrame:
    """The same change and PARTS per account, owner, day or month, in that one's order."""
    _check(workspace, first, last)
    query = f"""
        select {_BY[dimension]}, coalesce(sum(change), 0) as change, {_SUMS},
        from net_worth_bridge
        where valuation_date > $first and valuation_date <= $last
            and ($account_id is null or account_id = $account_id)
        group by all
        order by all
    """
    return workspace.sql(query, {"first": first, "last": last, "account_id": account_id})


def residuals(workspace: Workspace) -> int:
    """How many accounts' days, and days, the parts do not add up on: none in a sound build."""
    return int(workspace.sql(_RESIDUALS).item())


def _check(workspace: Workspace, first: date, last: date) -> None:
    reach = "select min(valuation_date), max(valuation_date) from net_worth_daily"
    begin, end = workspace.sql(reach).row(0)
    if begin is None or first < begin:
        raise DayTooEarly(first, begin)
    if last > end:
        raise DayTooLate(last, end)
