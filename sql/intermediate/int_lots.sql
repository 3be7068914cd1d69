-- Every lot that was opened, and what each event took of which: first in, first out, by the overlap of what
-- was opened and closed so far; where that does not do, in turn (int_lots_in_turn). A sale of more than is
-- held opens a short lot, which the next purchase closes.
-- grain: one row per lot opened, and per lot and event that took of it
-- keys: account_id, security_id, lot_id, kind, event_id
with

all_events as (select * from int_lot_events),
in_turn as (select * from int_lots_in_turn),

events as (
    select
        *,
        coalesce(
            sum(units) over (
                partition by account_id, security_id
                order by
                    valuation_date,
                    case when is_told then 1 when units > 0 then 0 else 2 end,
                    event_date,
                    units < 0,
                    paid,
                    units,
                    event_id
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as held_before,
        row_number() over (
            partition by account_id, security_id
            order by
                valuation_date,
                case when is_told then 1 when units > 0 then 0 else 2 end,
                event_date,
                units < 0,
                paid,
                units,
                event_id
        ) as place,
    from all_events
    anti join in_turn using (account_id, security_id)
    where units <> 0
),

-- The part of an event that closes what is held, and the part that opens more; on the long or the short side.
sides as (
    select
        *,
        case
            when held_before > 0 and units < 0 then least(-units, held_before)
            when held_before < 0 and units > 0 then least(units, -held_before)
            else 0
        end as closing,
        abs(units) - closing as opening,
        sign(units)::integer as side,
    from events
),

opened as (
    select
        *,
        sum(opening) over so_far - opening as from_units,
        sum(opening) over so_far as until_units,
    from sides
    where opening > 0
    window so_far as (partition by account_id, security_id, side order by place)
),

closed as (
    select
        *,
        sum(closing) over so_far - closing as from_units,
        sum(closing) over so_far as until_units,
    from sides
    where closing > 0
    window so_far as (partition by account_id, security_id, side order by place)
),

costs as (
    select
        *,
        (paid::double * (opening::double / abs(units)::double))::decimal(28, 2) as opening_paid,
        (paid_base::double * (opening::double / abs(units)::double))::decimal(28, 2) as opening_paid_base,
    from opened
),

-- Which part of the lot was taken; rounded at both ends, the parts of a lot add up to its cost.
matched as (
    select
        costs.*,
        closed.event_id as closing_id,
        greatest(costs.from_units, closed.from_units) as first_unit,
        least(costs.until_units, closed.until_units) as last_unit,
        (first_unit - costs.from_units)::double / costs.opening::double as share_before,
        (last_unit - costs.from_units)::double / costs.opening::double as share_until,
    from costs
    inner join closed
        on costs.account_id = closed.account_id
        and costs.security_id = closed.security_id
        and costs.side = -closed.side
        and costs.from_units < closed.until_units
        and closed.from_units < costs.until_units
)

select
    account_id,
    security_id,
    event_id as lot_id,
    'opened' as kind,
    event_id,
    currency,
    opening * side as units,
    opening_paid as paid,
    opening_paid_base as paid_base,
    event_date as acquired_date,
    valuation_date as opened_on,
    is_told,
from costs
union all
select
    account_id,
    security_id,
    event_id as lot_id,
    'closed' as kind,
    closing_id as event_id,
    currency,
    (last_unit - first_unit) * side as units,
    ((opening_paid::double * share_until)::decimal(28, 2) - (opening_paid::double * share_before)::decimal(28, 2)) as paid,
    (
        (opening_paid_base::double * share_until)::decimal(28, 2)
        - (opening_paid_base::double * share_before)::decimal(28, 2)
    ) as paid_base,
    event_date as acquired_date,
    valuation_date as opened_on,
    is_told,
from matched
union all
select
    account_id,
    security_id,
    lot_id,
    kind,
    event_id,
    currency,
    units,
    paid,
    paid_base,
    acquired_date,
    opened_on,
    is_told,
from in_turn
