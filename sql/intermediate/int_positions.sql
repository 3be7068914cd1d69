-- Stretches of days on which an account holds the same units: a window, cut at every split day of
-- something held in it. An emptied account holds nothing, which is a position too.
-- grain: one row per governing snapshot and stretch
-- keys: position_id
-- position_id: a number for joining, given in the order of day and account: later ones are higher
-- position_start: first day of the stretch
-- position_end: last day of the stretch
with

windows as (select * from int_snapshot_windows),
holdings as (select * from stg_holdings),
splits as (select * from stg_splits),

starts as (
    select
        snapshot_id,
        window_start as position_start,
    from windows
    union
    select
        windows.snapshot_id,
        splits.split_date as position_start,
    from splits
    inner join holdings using (security_id)
    inner join windows
        on holdings.snapshot_id = windows.snapshot_id
        and splits.split_date > windows.window_start
        and splits.split_date <= windows.window_end
)

select
    row_number() over (order by starts.position_start, windows.account_id)::integer as position_id,
    windows.account_id,
    windows.snapshot_id,
    windows.snapshot_date,
    starts.position_start,
    coalesce(
        lead(starts.position_start) over (partition by windows.snapshot_id order by starts.position_start) - 1,
        windows.window_end
    ) as position_end,
    windows.currency,
from windows
inner join starts using (snapshot_id)
