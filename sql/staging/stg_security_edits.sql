-- The user's edits of securities: for each column the newest value given.
-- grain: one row per edited security
-- keys: security_id
-- nulls: a column that the user never set
-- price_source: the price source that the user prefers for it
-- asset_class: the user's class for it; null again when it was taken back
with

landed as (select * from raw_security_edits)

select
    security_id,
    last(price_source order by edited_at, landing_id) filter (where price_source is not null) as price_source,
    last(name order by edited_at, landing_id) filter (where name is not null) as name,
    nullif(
        trim(last(asset_class order by edited_at, landing_id) filter (where asset_class is not null)), ''
    ) as asset_class,
from landed
group by security_id
