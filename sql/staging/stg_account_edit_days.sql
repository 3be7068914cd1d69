-- The user's classes and owners of accounts through time: each day's last word, the earlier one else.
-- grain: one row per account and local day on which its class or its owner was said
-- keys: account_id, first_date
-- nulls: what was not said by then, or was taken back
-- first_date: the local day from which it holds
-- asset_class: the class that all of the account counts as
-- owner: whose account it is: a name, or names with shares such as `Ann 50%, Ben 50%`
with

landed as (select * from raw_account_edits),
settings as (select * from build_settings),

said as (
    select
        account_id,
        timezone(settings.timezone, edited_at)::date as first_date,
        last(asset_class order by edited_at, landing_id) filter (where asset_class is not null) as asset_class,
        last(owner order by edited_at, landing_id) filter (where owner is not null) as owner,
    from landed
    cross join settings
    where asset_class is not null or owner is not null
    group by all
)

select
    account_id,
    first_date,
    nullif(trim(last_value(asset_class ignore nulls) over earlier), '') as asset_class,
    nullif(trim(last_value(owner ignore nulls) over earlier), '') as owner,
from said
window earlier as (partition by account_id order by first_date)
