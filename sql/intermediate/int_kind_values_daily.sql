-- What each account's valued holdings of one currency and kind were worth at the end of each day.
-- grain: one row per day, account, currency and kind
-- keys: valuation_date, account_id, currency, kind
-- kind: debt, revalued (see int_holding_kinds) or market
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
