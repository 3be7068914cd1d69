-- Closes as their sources sent them, newest observation, in major currency units.
-- grain: one row per security, trading day and source
-- keys: security_id, price_date, source
-- price_date: the day whose price it is
-- source: who sent it: yahoo, coingecko, ...
-- close: price of one unit at the day's end, on the basis given
-- basis: split_adjusted (restated after later splits) or as_traded
-- quoted_currency: the code as it was sent, which may be a minor unit such as GBp
-- quoted_close: the number as it was sent
with

landed as (select * from raw_closes),
minor_units as (select * from minor_units),

repeated as (
    select
        security_id,
        price_date,
        source,
    from landed
    group by all
    having count(*) > 1
),

-- Only closes that were landed again need to be put in order.
newest as (
    select * from landed anti join repeated using (security_id, price_date, source)
    union all
    (
        select *
        from landed semi join repeated using (security_id, price_date, source)
        qualify row_number() over (
            partition by security_id, price_date, source order by observed_at desc, landing_id desc
        ) = 1
    )
)

select
    newest.security_id,
    newest.price_date,
    newest.source,
    coalesce(minor_units.major_currency, newest.currency) as currency,
    in_major(newest.close, minor_units.major_per_minor) as close,
    newest.basis,
    newest.observed_at,
    newest.currency as quoted_currency,
    newest.close as quoted_close,
from newest
left join minor_units on newest.currency = minor_units.code
