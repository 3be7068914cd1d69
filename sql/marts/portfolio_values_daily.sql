-- What each portfolio, a label that the user gives to accounts, was worth at the end of each day.
-- grain: one row per day and portfolio label
-- keys: valuation_date, portfolio
-- portfolio: the user's label; accounts without one are together under `unassigned`
-- total_value: in the base currency
-- cash_value: the part of it that is cash
-- holdings_value: the part of it that is not cash
-- account_count: accounts under this label that have a value on that day
with

account_values as (select * from account_values_daily),
account_edits as (select * from stg_account_edits)

select
    account_values.valuation_date,
    coalesce(account_edits.portfolio, 'unassigned') as portfolio,
    sum(account_values.market_value_base) as total_value,
    sum(account_values.cash_base) as cash_value,
    sum(account_values.holdings_base) as holdings_value,
    count(*) as account_count,
    sum(account_values.holding_count)::bigint as holding_count,
    sum(account_values.unpriced_count)::bigint as unpriced_count,
from account_values
left join account_edits using (account_id)
group by all
