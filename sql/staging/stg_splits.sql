-- Splits as last reported.
-- grain: one row per security and split day
-- keys: security_id, split_date
-- ratio: new units for one old
with

landed as (select * from raw_splits)

select
    security_id,
    split_date,
    ratio,
from landed
qualify row_number() over (
    partition by security_id, split_date order by observed_at desc, landing_id desc
) = 1
