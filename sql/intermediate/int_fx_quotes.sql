-- Exchange rates in both directions, one per pair and day (ecb, then yahoo, then by name).
-- grain: one row per currency pair, day and direction
-- keys: currency, quote_currency, rate_date, is_inverse
-- is_inverse: the source quoted the pair the other way round
with

rates as (select * from stg_fx_rates),
settings as (select * from build_settings),

chosen as (
    select rates.*
    from rates
    cross join settings
    where rates.rate_date <= settings.through_date
    qualify row_number() over (
        partition by rates.currency, rates.quote_currency, rates.rate_date
        order by rates.source <> 'ecb', rates.source <> 'yahoo', rates.source
    ) = 1
)

select
    currency,
    quote_currency,
    rate_date,
    false as is_inverse,
    rate,
from chosen
union all
select
    quote_currency as currency,
    currency as quote_currency,
    rate_date,
    true as is_inverse,
    inverse_rate(rate) as rate,
from chosen
