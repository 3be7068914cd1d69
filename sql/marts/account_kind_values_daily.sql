-- What each account held of each currency at the end of each day; debts and what its owner prices apart.
-- grain: one row per day, account, currency and kind of which something has a value in the base currency
-- keys: valuation_date, account_id, currency, kind
-- apart: valuation_date, account_id
-- kind: debt, revalued (worth what its owner says: a house, a private fund) or market
-- market_value: sum of the values in currency
-- market_value_base: the same in the base currency; what has no value in it is left out of both
with

values_daily as (select * from daily_holding_values),
kinds as (select * from int_holding_kinds)

select
    values_daily.valuation_date,
    values_daily.account_id,
    values_daily.currency,
    coalesce(kinds.kind, 'market') as kind,
    sum(values_daily.market_value) as market_value,
    sum(values_daily.market_value_base) as market_value_base,
from values_daily
left join kinds using (account_id, security_id)
where values_daily.market_value_base is not null and values_daily.security_id <> '_ZERO_BALANCE'
group by all
