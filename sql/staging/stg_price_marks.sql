-- The user's own prices: each counts as the close of its day.
-- grain: one row per security and day; a mark taken back (price null) is left out
-- keys: security_id, price_date
-- nulls: currency where the mark is in the holding's own
with

landed as (select * from raw_price_marks),
minor_units as (select * from minor_units),

newest as (
    select *
    from landed
    qualify row_number() over (
        partition by security_id, price_date order by edited_at desc, landing_id desc
    ) = 1
)

select
    newest.security_id,
    newest.price_date,
    coalesce(minor_units.major_currency, newest.currency) as currency,
    in_major(newest.price, minor_units.major_per_minor) as price,
from newest
left join minor_units on newest.currency = minor_units.code
where newest.price is not null
