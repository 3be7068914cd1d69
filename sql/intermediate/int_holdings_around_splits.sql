-- Holdings reported within 45 days of a split, beside the reports before and after them.
-- grain: one row per snapshot, security and split
-- keys: snapshot_id, security_id, split_date
-- nulls: quantity_after and next_date at the last snapshot; old_quantity where none is from before the split
-- is_after: the snapshot is of the split day or later
-- old_quantity: the last count of before the split
-- quantity_after: the count of the next snapshot that holds the security
-- is_jump: from this snapshot to the next the count became what the split makes of it, with no trade
-- that explains it; what is left of a unit may have been paid out
with

holdings as (select * from stg_holdings),
windows as (select * from int_snapshot_windows),
splits as (select * from stg_splits),
activities as (select * from stg_activities),

around as (
    select
        windows.account_id,
        windows.snapshot_id,
        windows.snapshot_date,
        holdings.security_id,
        holdings.currency,
        holdings.quantity,
        holdings.snapshot_price,
        splits.split_date,
        splits.ratio,
        windows.snapshot_date >= splits.split_date as is_after,
        lead(holdings.quantity) over in_order as quantity_after,
        lead(windows.snapshot_date) over in_order as next_date,
        last_value(
            case when windows.snapshot_date < splits.split_date then holdings.quantity end ignore nulls
        ) over in_order as old_quantity,
    from splits
    inner join holdings using (security_id)
    inner join windows
        on holdings.snapshot_id = windows.snapshot_id
        and windows.snapshot_date between splits.split_date - 45 and splits.split_date + 45
    where holdings.quantity <> 0 and splits.ratio <> 1
    window in_order as (
        partition by windows.account_id, holdings.security_id, splits.split_date
        order by windows.snapshot_date
    )
),

jumps as (
    select *
    from around
    where
        abs(quantity_after - times_factor(quantity, ratio)) <= 0.000001 * abs(quantity_after)
        or (
            quantity_after = trunc(quantity_after)
            and quantity_after = trunc(times_factor(quantity, ratio))
        )
),

traded as (
    select
        jumps.snapshot_id,
        jumps.security_id,
        jumps.split_date,
    from jumps
    inner join activities
        on jumps.account_id = activities.account_id
        and jumps.security_id = activities.security_id
        and activities.activity_date between jumps.snapshot_date and jumps.next_date
    where activities.type in ('buy', 'sell', 'reinvest', 'transfer_in', 'transfer_out')
    group by all
    having abs(sum(activities.quantity) - any_value(jumps.quantity_after - jumps.quantity))
        <= 0.000001 * any_value(abs(jumps.quantity_after))
),

untraded as (select * from jumps anti join traded using (snapshot_id, security_id, split_date))

select
    around.snapshot_id,
    around.security_id,
    around.split_date,
    around.account_id,
    around.snapshot_date,
    around.next_date,
    around.is_after,
    around.ratio,
    around.currency,
    around.quantity,
    around.old_quantity,
    around.quantity_after,
    around.snapshot_price,
    untraded.snapshot_id is not null as is_jump,
from around
left join untraded using (snapshot_id, security_id, split_date)
