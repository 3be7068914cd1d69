-- Closes as their sources sent them, newest observation, in major currency units.
-- grain: one row per security, trading day and source
-- keys: security_id, price_date, source
-- price_date: the day whose price it is
-- source: who sent it: yahoo, coingecko, ...
-- close: price of one unit at the day's end, on the basis given
-- basis: split_adjusted (restated after later splits) or as_traded
with

landed as (select * from raw_closes),
minor_units as (select * from minor_units)

select
    landed.security_id,
    landed.price_date,
    landed.source,
    coalesce(minor_units.major_currency, landed.currency) as currency,
    (landed.close * coalesce(minor_units.major_per_minor, 1)::decimal(10, 4))::decimal(28, 10) as close,
    landed.basis,
    landed.observed_at,
from landed
left join minor_units on landed.currency = minor_units.code
qualify row_number() over (
    partition by landed.security_id, landed.price_date, landed.source
    order by landed.observed_at desc, landed.landing_id desc
) = 1
