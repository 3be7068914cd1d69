-- Every price that is known: marks, and accepted closes, of what is held and of what is not.
-- grain: one row per security and day that has a price
-- keys: security_id, price_date
-- nulls: currency of a mark without one; close_base without a rate
-- close: of one unit as it was traded that day, in currency
-- price_source: mark or market
-- close_now: of one unit of the build's last day: close over the splits since
-- close_base: close_now in the base currency, at that day's rate
with

prices as (select * from int_prices),
split_factors as (select * from int_split_factors),
fx_rates as (select * from int_fx_rates_daily),
settings as (select * from build_settings),

through_now as (
    select split_factors.*
    from split_factors
    inner join settings on settings.through_date between split_factors.later_from and split_factors.later_until
),

restated as (
    select
        prices.*,
        if(through_now.factor is null, prices.close, over_factor(prices.close, through_now.factor)) as close_now,
        if(prices.currency = settings.base_currency, 1, fx_rates.fx_rate) as fx_rate,
    from prices
    cross join settings
    left join through_now
        on prices.security_id = through_now.security_id
        and prices.price_date between through_now.earlier_from and through_now.earlier_until
    left join fx_rates
        on prices.currency = fx_rates.currency
        and prices.price_date = fx_rates.valuation_date
)

select
    security_id,
    price_date,
    currency,
    close,
    price_source,
    close_now,
    if(fx_rate = 1, close_now, times_factor(close_now, fx_rate)) as close_base,
from restated
