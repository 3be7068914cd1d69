-- The user's asset classes and their targets through time: each day's last word, the earlier one else.
-- grain: one row per class and local day on which something was said of it
-- keys: asset_class, first_date
-- nulls: what was not said by then
-- first_date: the local day from which it holds
-- colour: the colour of the class in charts
-- target_weight: the share of the allocation that it should be, 0 to 1
with

landed as (select * from raw_asset_classes),
settings as (select * from build_settings),

said as (
    select
        asset_class,
        timezone(settings.timezone, edited_at)::date as first_date,
        last(colour order by edited_at, landing_id) filter (where colour is not null) as colour,
        last(target_weight order by edited_at, landing_id) filter (where target_weight is not null)
            as target_weight,
    from landed
    cross join settings
    group by all
)

select
    asset_class,
    first_date,
    last_value(colour ignore nulls) over earlier as colour,
    last_value(target_weight ignore nulls) over earlier as target_weight,
from said
window earlier as (partition by asset_class order by first_date)
