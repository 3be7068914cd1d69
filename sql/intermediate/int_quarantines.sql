-- Answers of providers that contradict themselves and wait for the user's word, run by run.
-- grain: one row per account and run of quarantined snapshots with no good one between
-- keys: account_id, first_date
-- first_date: the local day of the first of them
-- last_date: the day before the next good snapshot, else the build's last day
-- snapshot_count: how many they are
-- snapshot_id: the last of them
-- error: what contradicts what
-- is_open: no good snapshot has come since
with

snapshots as (select * from stg_snapshots),
account_syncs as (select * from stg_account_syncs),
settings as (select * from build_settings),

dated as (
    select
        snapshots.*,
        timezone(settings.timezone, snapshots.observed_at)::date as snapshot_date,
        settings.through_date,
    from snapshots
    cross join settings
    where timezone(settings.timezone, snapshots.observed_at)::date <= settings.through_date
),

waiting as (
    select
        dated.*,
        account_syncs.error,
        good.snapshot_date as good_date,
    from dated
    left join account_syncs using (account_id, session_id)
    asof left join (select * from dated where status = 'success') as good
        on dated.account_id = good.account_id
        and dated.observed_at < good.observed_at
    where dated.status = 'quarantined'
)

select
    account_id,
    min(snapshot_date) as first_date,
    greatest(max(snapshot_date), coalesce(good_date - 1, any_value(through_date))) as last_date,
    count(*) as snapshot_count,
    arg_max(snapshot_id, observed_at) as snapshot_id,
    arg_max(error, observed_at) as error,
    good_date is null as is_open,
from waiting
group by account_id, good_date
