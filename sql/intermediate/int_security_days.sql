-- For everything held, on every day between its first and last: the close to use, and the rates.
-- grain: one row per security, currency it is held in, and day
-- keys: security_key, valuation_date
-- apart: account_id
-- nulls: close columns before the first price; rates before the first rate
-- close: the day's price, or the latest earlier one over the splits since
-- close_source: mark, market or carry_forward
with

positions as (select * from int_positions),
holdings as (select * from int_position_holdings),
prices as (select * from int_prices),
split_factors as (select * from int_split_factors),
fx_rates as (select * from int_fx_rates_daily),

securities as (
    select
        holdings.security_key,
        holdings.security_id,
        holdings.price_currency,
        min(positions.position_start) as first_date,
        max(positions.position_end) as last_date,
    from holdings
    inner join positions using (position_id)
    group by all
),

security_days as (
    select
        security_key,
        security_id,
        price_currency,
        unnest(generate_series(first_date, last_date, interval 1 day))::date as valuation_date,
    from securities
),

carried as (
    select
        security_days.*,
        prices.price_date,
        prices.close,
        case
            when prices.price_date is not null then coalesce(prices.currency, security_days.price_currency)
        end as close_currency, -- a mark without a currency is in the holding's
        prices.price_source,
    from security_days
    asof left join prices
        on security_days.security_id = prices.security_id
        and security_days.valuation_date >= prices.price_date
)

select
    carried.security_key,
    carried.valuation_date,
    carried.price_date,
    carried.close_currency,
    case
        when split_factors.factor is null then carried.close
        else over_factor(carried.close, split_factors.factor)
    end as close,
    case
        when carried.price_date = carried.valuation_date then carried.price_source
        when carried.price_date is not null then 'carry_forward'
    end as close_source,
    close_rates.fx_rate as close_fx_rate,
    close_rates.fx_date as close_fx_date,
    held_rates.fx_rate as held_fx_rate,
    held_rates.fx_date as held_fx_date,
from carried
left join split_factors
    on carried.security_id = split_factors.security_id
    and carried.price_date between split_factors.earlier_from and split_factors.earlier_until
    and carried.valuation_date between split_factors.later_from and split_factors.later_until
left join fx_rates as close_rates
    on carried.close_currency = close_rates.currency
    and carried.valuation_date = close_rates.valuation_date
left join fx_rates as held_rates
    on carried.price_currency = held_rates.currency
    and carried.valuation_date = held_rates.valuation_date
