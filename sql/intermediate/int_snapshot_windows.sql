-- The days that each snapshot governs: from its own day to the day before the next one (rule 1).
-- grain: one row per governing snapshot
-- keys: snapshot_id
-- snapshot_date: the local day on which the snapshot was taken
-- window_start: first day that it governs, which is its own day
-- window_end: last day that it governs
with

snapshots as (select * from stg_snapshots),
accounts as (select * from stg_accounts),
account_edits as (select * from stg_account_edits),
settings as (select * from build_settings),

dated as (
    select
        snapshots.snapshot_id,
        snapshots.account_id,
        snapshots.observed_at,
        snapshots.currency,
        timezone(settings.timezone, snapshots.observed_at)::date as snapshot_date,
        settings.through_date,
        settings.timezone,
    from snapshots
    cross join settings
    where snapshots.status = 'success'
),

-- Of several snapshots on one local day the last one counts, whole.
governing as (
    select *
    from dated
    where snapshot_date <= through_date
    qualify row_number() over (
        partition by account_id, snapshot_date order by observed_at desc, snapshot_id desc
    ) = 1
),

ended as (
    select
        governing.*,
        lead(governing.snapshot_date) over account_in_order as next_snapshot_date,
        coalesce(account_edits.is_active, true) as is_active,
        timezone(governing.timezone, account_edits.deactivated_at)::date as deactivated_date,
    from governing
    left join account_edits using (account_id)
    window account_in_order as (partition by governing.account_id order by governing.snapshot_date)
)

select
    ended.account_id,
    ended.snapshot_id,
    ended.snapshot_date,
    ended.snapshot_date as window_start,
    case
        when ended.next_snapshot_date is not null then ended.next_snapshot_date - 1
        when ended.is_active then ended.through_date
        else least(ended.through_date, greatest(ended.snapshot_date, ended.deactivated_date))
    end as window_end,
    coalesce(ended.currency, accounts.currency) as currency,
from ended
left join accounts using (account_id)
