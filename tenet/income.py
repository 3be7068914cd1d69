"""What is paid by what is held: over the mart `income`, and what to expect of the next year."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from tenet.workspace import Workspace

_BY = {
    "security": ("security_id", "coalesce(any_value(security_name), security_id, 'cash')"),
    "account": ("account_id", "any_value(account_name)"),
    "month": ("month", "month"),
}
BY = tuple(_BY)

# A payment as a share of what the holding, or the account's cash, was worth the day before it.
_INCOME = """
with
names as (
    select security_id, coalesce(any_value(name), any_value(symbol)) as security_name
    from (
        select security_id, name, symbol from holdings_current
        union all by name
        select distinct security_id, symbol from daily_holding_values
    )
    group by security_id
),

asked as (
    select
        income.*,
        strftime(income_date, '%Y-%m') as month,
        accounts.name as account_name,
        security_name,
    from income
    inner join accounts using (account_id)
    left join names using (security_id)
    where $year is null or year(income_date) = $year
)
"""

_SUMS = """
    coalesce(sum(amount_base) filter (where type = 'dividend' and not is_expected), 0) as dividends,
    coalesce(sum(amount_base) filter (where type = 'interest' and not is_expected), 0) as interest,
    coalesce(sum(amount_base) filter (where type = 'distribution' and not is_expected), 0)
        as distributions,
    coalesce(sum(amount_base) filter (where not is_expected), 0) as told,
    coalesce(sum(amount_base) filter (where is_expected), 0) as not_told,
    count(*) as payment_count,
    count(*) filter (where amount_base is null) as unknown_count,
"""

_FORWARD = """
with
last_day as (select max(valuation_date) as day from account_values_daily),

paid as (
    select account_id, security_id, income_date, amount_base
    from income, last_day
    where income_date > day - 365 and income_date <= day
),

cash as (select valuation_date, account_id, cash_base from account_values_daily),

shares as (
    select
        paid.account_id,
        paid.security_id,
        amount_base,
        amount_base::double
        / nullif(if(paid.security_id is null, cash_base, market_value_base), 0)::double as share,
    from paid
    left join cash
        on paid.account_id = cash.account_id and paid.income_date = cash.valuation_date + 1
    left join daily_holding_values as held
        on paid.account_id = held.account_id
        and paid.security_id = held.security_id
        and paid.income_date = held.valuation_date + 1
),

yields as (
    select
        account_id,
        security_id,
        coalesce(sum(amount_base), 0) as last_year,
        sum(share) as share,
        count(*) filter (where share is null) as unknown_count,
    from shares
    group by all
),

worth as (
    select account_id, security_id, any_value(name) as security_name,
        sum(market_value_base) as market_value_base
    from holdings_current
    group by all
    union all
    select account_id, null, 'cash', cash_base from cash, last_day where valuation_date = day
),

costs as (
    select account_id, security_id, sum(cost_base) as cost_base
    from lots
    where quantity <> 0
    group by all
    having count(*) = count(cost_base)
)

select
    yields.account_id,
    accounts.name as account_name,
    yields.security_id,
    coalesce(security_name, yields.security_id) as security_name,
    last_year,
    coalesce(round((share * market_value_base::double)::decimal(28, 10), 2), 0)::decimal(28, 2)
        as next_year,
    market_value_base,
    cost_base,
    round(next_year::double / nullif(market_value_base, 0)::double, 6) as yield_on_value,
    round(next_year::double / nullif(cost_base, 0)::double, 6) as yield_on_cost,
    unknown_count,
from yields
inner join accounts using (account_id)
left join worth
    on yields.account_id = worth.account_id
    and yields.security_id is not distinct from worth.security_id
left join costs
    on yields.account_id = costs.account_id and yields.security_id = costs.security_id
order by next_year desc, yields.account_id, yields.security_id
"""


def income(workspace: Workspace, *, by: str = "month", year: int | None = None) -> pl.DataFrame:
    """What was paid, in the base currency, by month, security or account.

    One row each: dividends, interest, distributions and told, their sum, as providers tell them;
    not_told: what securities paid by their own records, of which no activity tells; unknown_count:
    payments whose amount is not known, which the sums lack. Raises NoBuild.
    """
    key, name = _BY[by]
    named = "" if by == "month" else f"{name} as name,"
    query = f"{_INCOME} select {key}, {named} {_SUMS} from asked group by {key} order by {key}"
    return workspace.sql(query, {"year": year})


def forward(workspace: Workspace) -> pl.DataFrame:
    """What the next year would pay if it were as the last one, by account and security.

    Each payment of the last 365 days as a share of what the holding (for interest on cash, the
    account's cash) was worth the day before, times what it is worth now; so a split changes
    nothing, and what is no longer held pays nothing. yield_on_value, yield_on_cost: that over what
    it is worth, and over the cost of its lots. unknown_count: payments not in it, because no value
    of the day before is known. Raises NoBuild.
    """
    return workspace.sql(_FORWARD)
