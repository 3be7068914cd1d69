-- What the household was worth at the end of each day, and how well that is known.
-- grain: one row per day from the first snapshot of any account
-- keys: valuation_date
-- net_worth: assets less liabilities in the base currency
-- assets: sum of the positive holdings
-- liabilities: what is owed, as a positive amount: the negative holdings
-- cash: the part of net_worth that is cash, debts in cash included
-- observed_value: the part of net_worth whose price is of that very day
-- carried_value: the part at the latest earlier close or mark
-- estimated_value: the part at a provider's price of an earlier day
-- account_count: accounts that have a value on that day
with

days as (select * from int_days),
account_values as (select * from account_values_daily)

select
    days.valuation_date,
    coalesce(sum(account_values.market_value_base), 0) as net_worth,
    coalesce(sum(account_values.assets_base), 0) as assets,
    coalesce(sum(account_values.liabilities_base), 0) as liabilities,
    coalesce(sum(account_values.cash_base), 0) as cash,
    coalesce(sum(account_values.observed_base), 0) as observed_value,
    coalesce(sum(account_values.carried_base), 0) as carried_value,
    coalesce(sum(account_values.estimated_base), 0) as estimated_value,
    count(account_values.account_id) as account_count,
    coalesce(sum(account_values.holding_count), 0)::bigint as holding_count,
    coalesce(sum(account_values.unpriced_count), 0)::bigint as unpriced_count,
    coalesce(sum(account_values.stale_count), 0)::bigint as stale_count,
    coalesce(bool_or(account_values.has_provisional), false) as has_provisional,
from days
left join account_values using (valuation_date)
group by days.valuation_date
