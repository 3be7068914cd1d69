-- Dividends of one unit, as last reported, in major currency units.
-- grain: one row per security and ex-date
-- keys: security_id, ex_date
-- amount: paid for one unit held before ex_date
with

landed as (select * from raw_dividends),
minor_units as (select * from minor_units),

newest as (
    select *
    from landed
    qualify row_number() over (
        partition by security_id, ex_date order by observed_at desc, landing_id desc
    ) = 1
)

select
    newest.security_id,
    newest.ex_date,
    coalesce(minor_units.major_currency, newest.currency) as currency,
    in_major(newest.amount, minor_units.major_per_minor) as amount,
    newest.observed_at,
from newest
left join minor_units on newest.currency = minor_units.code
