-- Exchange rates as their sources sent them, newest observation.
-- grain: one row per currency pair, day and source
-- keys: currency, quote_currency, rate_date, source
-- rate: units of quote_currency for one unit of currency
with

landed as (select * from raw_fx_rates)

select
    currency,
    quote_currency,
    rate_date,
    source,
    rate,
from landed
qualify row_number() over (
    partition by currency, quote_currency, rate_date, source
    order by observed_at desc, landing_id desc
) = 1
