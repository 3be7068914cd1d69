"""Lots and gains over the marts `lots` and `realized_gains`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from tenet.workspace import Workspace

_NAMES = """
with names as (
    select security_id, coalesce(any_value(name), any_value(symbol), security_id) as security_name
    from (
        select security_id, name, symbol from holdings_current
        union all by name
        select distinct security_id, symbol from daily_holding_values
    )
    group by security_id
)
"""

_GAINS = f"""
{_NAMES}
select
    sold_date,
    account_id,
    account_name,
    security_id,
    security_name,
    lot_id,
    acquired_date,
    days_held,
    if(days_held > $long_term_days, 'long', 'short') as term,
    quantity_then as quantity,
    currency,
    cost,
    proceeds,
    gain,
    cost_base,
    proceeds_base,
    gain_base,
    tax_bucket,
    is_inferred,
from realized_gains
left join names using (security_id)
where
    is_sale
    and ($year is null or year(sold_date) = $year)
    and ($account_id is null or account_id = $account_id)
order by sold_date, account_id, security_id, acquired_date, lot_id, event_id
"""

_BY_YEAR = """
select
    year(sold_date) as year,
    coalesce(sum(gain_base) filter (where days_held <= $long_term_days), 0) as short_term_base,
    coalesce(sum(gain_base) filter (where days_held > $long_term_days), 0) as long_term_base,
    coalesce(sum(gain_base), 0) as gain_base,
    coalesce(sum(proceeds_base), 0) as proceeds_base,
    count(*) as row_count,
    count(*) filter (where gain_base is null) as unknown_count,
    count(*) filter (where is_inferred) as inferred_count,
from realized_gains
where
    is_sale
    and ($year is null or year(sold_date) = $year)
    and ($account_id is null or account_id = $account_id)
group by all
order by year
"""

_LOTS = f"""
{_NAMES}
select
    account_id,
    account_name,
    security_id,
    security_name,
    lot_id,
    acquired_date,
    days_held,
    if(days_held > $long_term_days, 'long', 'short') as term,
    quantity,
    currency,
    cost,
    market_value,
    unrealized_gain,
    cost_base,
    market_value_base,
    unrealized_gain_base,
    tax_bucket,
    is_inferred,
from lots
left join names using (security_id)
where (quantity <> 0 or $closed) and ($account_id is null or account_id = $account_id)
order by account_id, security_id, acquired_date, lot_id
"""


def gains(
    workspace: Workspace,
    *,
    long_term_days: int,
    year: int | None = None,
    account_id: str | None = None,
) -> pl.DataFrame:
    """One row per lot and sale, by day: the units of that day, cost, proceeds, gain and term.

    long_term_days: held for more days than these is long term. Raises NoBuild.
    """
    asked = {"long_term_days": long_term_days, "year": year, "account_id": account_id}
    return workspace.sql(_GAINS, asked)


def gains_by_year(
    workspace: Workspace,
    *,
    long_term_days: int,
    year: int | None = None,
    account_id: str | None = None,
) -> pl.DataFrame:
    """One row per year: short and long term and all gains in the base currency, and counts.

    unknown_count: rows whose gain is not known, which the sums lack. Raises NoBuild.
    """
    asked = {"long_term_days": long_term_days, "year": year, "account_id": account_id}
    return workspace.sql(_BY_YEAR, asked)


def lots(
    workspace: Workspace,
    *,
    long_term_days: int,
    account_id: str | None = None,
    closed: bool = False,
) -> pl.DataFrame:
    """One row per lot still held (closed: and of those that are not), by account and security.

    Raises NoBuild.
    """
    asked = {"long_term_days": long_term_days, "account_id": account_id, "closed": closed}
    return workspace.sql(_LOTS, asked)
