-- The price of a day, where there is one: the user's mark, else the accepted close as traded.
-- grain: one row per security and day
-- keys: security_id, price_date
-- close: as traded, in currency
-- price_source: mark or market
with

closes as (select * from int_closes_judged),
marks as (select * from stg_price_marks),
settings as (select * from build_settings)

select
    security_id,
    price_date,
    currency,
    close,
    'market' as price_source,
from closes
anti join marks using (security_id, price_date)
where
    not is_quarantined
    -- Of what has no symbol only the user can know a price.
    and security_id not like '\_%' escape '\'
union all
select
    marks.security_id,
    marks.price_date,
    marks.currency,
    marks.price as close,
    'mark' as price_source,
from marks
cross join settings
where marks.price_date <= settings.through_date
