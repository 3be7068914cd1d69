-- How complete each account's days are, and how old what they rest on.
-- grain: one row per account
-- keys: account_id
-- nulls: what cannot be told of an account without a snapshot that counts
-- expected_start: the day of its first snapshot
-- expected_end: yesterday (the build's last day is not over), or a closed account's last snapshot
-- expected_days: days from the one to the other
-- actual_days: those of them that have a value
-- missing_days: those that have none
-- partial_days: those on which something that it holds has no value
-- stale_price_count: prices older than the setting stale_price_days on its last day; not counted is
-- what only its provider or its owner can price
-- snapshot_count: snapshots that govern some day
-- usual_days: the median of days from one snapshot to the next
-- longest_carried_days: the most days in a row for which one snapshot was carried
-- longest_carried_from: the day of that snapshot
-- silent_days: days without a snapshot where one was due, as in `gaps` of kind account_stale
-- checked_count: holdings in these snapshots that the provider values too
-- mismatch_count: those whose value differs from ours, as in value_checks
with

accounts as (select * from accounts),
account_values as (select * from account_values_daily),
holding_gaps as (select * from holding_gaps),
value_checks as (select * from value_checks),
windows as (select * from int_snapshot_windows),
silences as (select * from int_silences),
holdings as (select * from stg_holdings),
settings as (select * from build_settings),

expected as (
    select
        accounts.account_id,
        accounts.first_snapshot_date as expected_start,
        case
            when accounts.first_snapshot_date is null then null
            when accounts.is_active then settings.through_date - 1
            else least(accounts.last_snapshot_date, settings.through_date - 1)
        end as expected_end,
    from accounts
    cross join settings
),

valued as (
    select
        expected.account_id,
        count(*) filter (where account_values.valuation_date <= expected.expected_end) as actual_days,
        count(*) filter (
            where account_values.valuation_date <= expected.expected_end and account_values.unpriced_count > 0
        ) as partial_days,
        max(account_values.valuation_date) as last_date,
    from expected
    inner join account_values using (account_id) -- the others have no days
    group by expected.account_id
),

stale as (
    select
        holding_gaps.account_id,
        count(*) as stale_price_count,
    from holding_gaps
    inner join valued -- gaps are of days that have values
        on holding_gaps.account_id = valued.account_id
        and holding_gaps.last_date = valued.last_date
    cross join settings
    where
        holding_gaps.kind = 'stale_price'
        and holding_gaps.last_date - holding_gaps.known_date > settings.stale_price_days
    group by holding_gaps.account_id
),

carried as (
    select
        account_id,
        count(*) as snapshot_count,
        max(window_end - snapshot_date) as longest_carried_days,
        arg_max(snapshot_date, (window_end - snapshot_date, snapshot_date)) as longest_carried_from,
        median(next_date - snapshot_date)::integer as usual_days,
    from (
        select
            *,
            lead(snapshot_date) over (partition by account_id order by snapshot_date) as next_date,
        from windows
    )
    group by account_id
),

silent as (
    select
        account_id,
        sum(last_date - first_date + 1)::bigint as silent_days,
    from silences
    group by account_id
),

checked as (
    select
        windows.account_id,
        count(*) as checked_count,
    from windows
    inner join holdings using (snapshot_id) -- counted are holdings
    where coalesce(holdings.snapshot_value, holdings.snapshot_price) is not null
    group by windows.account_id
),

mismatched as (
    select
        account_id,
        count(*) filter (where security_id <> '_TOTAL') as mismatch_count,
    from value_checks
    group by account_id
)

select
    expected.account_id,
    expected.expected_start,
    expected.expected_end,
    greatest(expected.expected_end - expected.expected_start + 1, 0) as expected_days,
    coalesce(valued.actual_days, 0) as actual_days,
    greatest(expected.expected_end - expected.expected_start + 1, 0) - coalesce(valued.actual_days, 0)
        as missing_days,
    coalesce(valued.partial_days, 0) as partial_days,
    coalesce(stale.stale_price_count, 0) as stale_price_count,
    coalesce(carried.snapshot_count, 0) as snapshot_count,
    carried.usual_days,
    carried.longest_carried_days,
    carried.longest_carried_from,
    coalesce(silent.silent_days, 0) as silent_days,
    coalesce(checked.checked_count, 0) as checked_count,
    coalesce(mismatched.mismatch_count, 0) as mismatch_count,
from expected
left join valued using (account_id)
left join stale using (account_id)
left join carried using (account_id)
left join silent using (account_id)
left join checked using (account_id)
left join mismatched using (account_id)
