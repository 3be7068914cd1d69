-- Units that left one account of the household and came into another within ten days: their lots go along.
-- An activity calls one of the two a transfer, or the one account goes on as the other.
-- grain: one row per departure
-- keys: account_id, security_id, event_id
-- event_id: the departure
-- next_account_id: where they came in
-- next_event_id: the arrival there
-- arrival_date: the day on which it shows there
with

events as (select * from int_lot_events),
chains as (select * from int_account_chains),

pairs as (
    select
        gone.account_id,
        gone.security_id,
        gone.event_id,
        come.account_id as next_account_id,
        come.event_id as next_event_id,
        come.valuation_date as arrival_date,
        abs(come.event_date - gone.event_date) as days_between,
    from events as gone
    inner join events as come
        on gone.security_id = come.security_id
        and gone.account_id <> come.account_id
        and gone.units < 0
        and come.units > 0
        and is_same_count(-gone.units, come.units)
    left join chains
        on gone.account_id = chains.account_id
        and come.account_id = chains.next_id
        and not gone.is_told
        and not come.is_told
    where
        chains.account_id is not null
        or (
            days_between <= 10
            and not (gone.is_told and gone.is_sale)
            and not (come.is_told and come.is_sale)
            and (gone.is_told or come.is_told)
        )
    qualify
        row_number() over (
            partition by gone.account_id, gone.security_id, gone.event_id
            order by days_between, next_account_id, next_event_id
        ) = 1
)

select
    account_id,
    security_id,
    event_id,
    next_account_id,
    next_event_id,
    arrival_date,
from pairs
qualify row_number() over (
    partition by next_account_id, security_id, next_event_id
    order by days_between, account_id, event_id
) = 1
