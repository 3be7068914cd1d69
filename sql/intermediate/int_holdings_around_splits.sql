-- Holdings reported within 45 days of a split, beside the reports before and after them.
-- grain: one row per snapshot, security and split
-- keys: snapshot_id, security_id, split_date
-- apart: account_id
-- nulls: quantity_after and next_date at the last snapshot; old_quantity where none is from before the split
-- is_after: the snapshot is of the split day or later
-- old_quantity: the last count of before the split
-- quantity_after: the count of the next snapshot that holds the security
-- is_jump: from this snapshot to the next the count became what the split, and trades that were told,
-- make of it, and not what the trades alone do; what is left of a unit may have been paid out
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

trades as (
    select *
    from activities
    where type in ('buy', 'sell', 'reinvest', 'transfer_in', 'transfer_out')
),

-- What was bought less what was sold until the next count; it may hold the trades of its own day.
stepped as (
    select
        around.snapshot_id,
        around.security_id,
        around.split_date,
        around.quantity,
        around.quantity_after,
        around.ratio,
        count(trades.quantity) > 0 as has_trades,
        coalesce(sum(trades.quantity), 0) as traded,
        coalesce(sum(trades.quantity) filter (where trades.activity_date > around.snapshot_date), 0) as traded_later,
    from around
    left join trades
        on around.account_id = trades.account_id
        and around.security_id = trades.security_id
        and trades.activity_date between around.snapshot_date and around.next_date
    where around.quantity_after is not null
    group by all
),

jumps as (
    select *
    from stepped
    where
        (
            is_same_count(quantity_after, times_factor(quantity, ratio))
            or (
                quantity_after = trunc(quantity_after)
                and quantity_after = trunc(times_factor(quantity, ratio))
            )
            -- and a trade: counted before the split, or after it
            or is_same_count(quantity_after, times_factor(quantity + traded_later, ratio))
            or is_same_count(quantity_after, times_factor(quantity, ratio) + traded_later)
        )
        and not (
            has_trades
            and (
                is_same_count(quantity_after, quantity + traded)
                or is_same_count(quantity_after, quantity + traded_later)
            )
        )
)

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
    jumps.snapshot_id is not null as is_jump,
from around
left join jumps using (snapshot_id, security_id, split_date)
