-- What each account was worth at the end of each day, and how well that is known.
-- grain: one row per day and account
-- keys: valuation_date, account_id
-- apart: valuation_date, account_id
-- market_value_base: sum of the account's priced holdings in the base currency
-- cash_base: the part of it that is cash
-- holdings_base: the part of it that is not cash
-- assets_base: sum of its positive values
-- liabilities_base: what it owes, as a positive amount: its negative values
-- observed_base: the part whose price is of that very day
-- carried_base: the part at the latest earlier close or mark
-- estimated_base: the part at a provider's price of an earlier day
-- holding_count: securities held, the sentinel of an emptied account left out
-- unpriced_count: holdings without a value in the base currency, which the sums lack
-- stale_count: holdings whose price is older than the setting stale_price_days
-- rows_hash: tells whether two builds agree on the account's holdings of that day
-- has_provisional: some value is today's provider price, not yet a close
with

values_daily as (select * from daily_holding_values),
settings as (select * from build_settings)

select
    values_daily.valuation_date,
    values_daily.account_id,
    any_value(values_daily.snapshot_date) as snapshot_date,
    coalesce(sum(market_value_base), 0) as market_value_base,
    coalesce(sum(market_value_base) filter (where price_source = 'cash'), 0) as cash_base,
    coalesce(sum(market_value_base) filter (where price_source <> 'cash'), 0) as holdings_base,
    coalesce(sum(market_value_base) filter (where market_value_base > 0), 0) as assets_base,
    coalesce(-sum(market_value_base) filter (where market_value_base < 0), 0) as liabilities_base,
    coalesce(sum(market_value_base) filter (where price_date = valuation_date), 0) as observed_base,
    coalesce(sum(market_value_base) filter (
        where price_date < valuation_date and price_source = 'carry_forward'
    ), 0) as carried_base,
    coalesce(sum(market_value_base) filter (
        where price_date < valuation_date and price_source = 'snapshot'
    ), 0) as estimated_base,
    count(*) filter (where security_id <> '_ZERO_BALANCE') as holding_count,
    count(*) filter (where market_value_base is null) as unpriced_count,
    count(*) filter (where valuation_date - price_date > settings.stale_price_days) as stale_count,
    bool_or(is_provisional) as has_provisional,
    bit_xor(hash(security_id, quantity, close_price, market_value_base)) as rows_hash,
from values_daily
cross join settings
group by values_daily.valuation_date, values_daily.account_id
