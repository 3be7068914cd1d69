-- Stretches of days on which an account's holdings are older than they should be: no snapshot that
-- counts, though the provider ought to have given one. Accounts kept by hand have none.
-- Between two snapshots that is more than twice the account's usual interval, and more than the
-- setting stale_price_days; since the last one of an active account, more than that setting.
-- grain: one row per account and stretch
-- keys: account_id, first_date
-- snapshot_date: the day whose holdings are carried
-- first_date: the first day without a snapshot
-- last_date: the last one
-- usual_days: the median of days from one snapshot to the next; null with one snapshot
-- is_open: no snapshot has come since
with

windows as (select * from int_snapshot_windows),
accounts as (select * from stg_accounts),
account_edits as (select * from stg_account_edits),
settings as (select * from build_settings),

stretches as (
    select
        account_id,
        snapshot_date,
        window_end,
        lead(snapshot_date) over (partition by account_id order by snapshot_date) as next_date,
    from windows
),

rhythms as (
    select
        account_id,
        median(next_date - snapshot_date)::integer as usual_days,
    from stretches
    group by account_id
)

select
    stretches.account_id,
    stretches.snapshot_date,
    stretches.snapshot_date + 1 as first_date,
    stretches.window_end as last_date,
    rhythms.usual_days,
    stretches.next_date is null as is_open,
from stretches
inner join rhythms using (account_id)
inner join accounts using (account_id)
left join account_edits using (account_id)
cross join settings
where
    accounts.provider <> 'manual'
    and (stretches.next_date is not null or coalesce(account_edits.is_active, true))
    and coalesce(stretches.next_date, stretches.window_end) - stretches.snapshot_date > greatest(
        settings.stale_price_days,
        case when stretches.next_date is not null then 2 * rhythms.usual_days else 0 end
    )
