-- The user's classes of securities, and what funds consist of, through time: each day's last word, the
-- earlier one else.
-- grain: one row per security and local day on which its class or its weights were said
-- keys: security_id, first_date
-- nulls: what was not said by then, or was taken back
-- first_date: the local day from which it holds
-- asset_class: the user's class for it
-- weights: the classes that a fund consists of, with the weight of each; the rows of one `edited_at`
with

class_edits as (select * from raw_security_edits),
fund_weights as (select * from raw_fund_weights),
settings as (select * from build_settings),

newest_weights as (
    select * from fund_weights
    qualify row_number() over (
        partition by security_id, asset_class, edited_at order by landing_id desc
    ) = 1
),

edits as (
    select
        security_id,
        edited_at,
        landing_id,
        asset_class,
        null as weights,
    from class_edits
    where asset_class is not null
    union all
    select
        security_id,
        edited_at,
        max(landing_id) as landing_id,
        null as asset_class,
        list(
            {'asset_class': asset_class, 'weight': weight}
            order by asset_class
        ) as weights,
    from newest_weights
    group by security_id, edited_at
),

said as (
    select
        security_id,
        timezone(settings.timezone, edited_at)::date as first_date,
        last(asset_class order by edited_at, landing_id) filter (where asset_class is not null) as asset_class,
        last(weights order by edited_at, landing_id) filter (where weights is not null) as weights,
    from edits
    cross join settings
    group by all
)

select
    security_id,
    first_date,
    nullif(trim(last_value(asset_class ignore nulls) over earlier), '') as asset_class,
    last_value(weights ignore nulls) over earlier as weights,
from said
window earlier as (partition by security_id order by first_date)
