-- Lots that cannot be told all at once, event after event: those of accounts whose sales take the dearest
-- lots or chosen ones, and of securities that were transferred between the household's accounts.
-- grain: one row per lot opened, and per lot and event that took of it
-- keys: account_id, security_id, lot_id, kind, event_id
-- nulls: paid and paid_base where the cost is not known
-- kind: opened or closed
-- lot_id: the event that opened it; carried over from another account, with the transfer's behind it
-- units: of the lot opened or of what was taken of it, signed as held, in units of the build's last day
-- paid: what these units cost; of a short, what was got for them, negative
-- acquired_date: the day from which it counts as held, wherever that was
-- opened_on: the day on which it shows in what the account holds
with recursive

all_events as (select * from int_lot_events),
transfers as (select * from int_lot_transfers),
choices as (select * from stg_lot_choices),
account_edits as (select * from stg_account_edits),

in_turn as (
    select account_id, security_id from transfers
    union
    select next_account_id, security_id from transfers
    union
    select all_events.account_id, all_events.security_id
    from all_events
    semi join account_edits
        on all_events.account_id = account_edits.account_id
        and account_edits.lot_method = 'hifo'
    union
    select all_events.account_id, all_events.security_id
    from all_events
    semi join choices
        on all_events.account_id = choices.account_id
        and all_events.event_id = choices.external_id
),

events as (
    select
        all_events.*,
        transfers.next_account_id,
        transfers.arrival_date,
        coalesce(account_edits.lot_method, 'fifo') = 'hifo' as takes_dearest,
        row_number() over (
            partition by all_events.security_id
            order by
                least(all_events.valuation_date, transfers.arrival_date),
                case when all_events.is_told then 1 when all_events.units > 0 then 0 else 2 end,
                all_events.event_date,
                all_events.units < 0,
                all_events.paid,
                all_events.units,
                all_events.account_id,
                all_events.event_id
        )::integer as step,
    from all_events
    semi join in_turn
        on all_events.account_id = in_turn.account_id
        and all_events.security_id = in_turn.security_id
    left join transfers
        on all_events.account_id = transfers.account_id
        and all_events.security_id = transfers.security_id
        and all_events.event_id = transfers.event_id
    left join account_edits on all_events.account_id = account_edits.account_id
    anti join transfers as arrivals -- the departure brings the lots
        on all_events.account_id = arrivals.next_account_id
        and all_events.security_id = arrivals.security_id
        and all_events.event_id = arrivals.next_event_id
),

-- After each step of a security: its lots still open, what the step opened and closed, and a row that goes on.
walk as (
    select distinct
        security_id,
        0 as step,
        'goes_on' as kind,
        null::varchar as account_id,
        null::varchar as lot_id,
        null::varchar as event_id,
        null::varchar as currency,
        0::decimal(38, 16) as units,
        null::decimal(28, 2) as paid,
        null::decimal(28, 2) as paid_base,
        null::date as acquired_date,
        null::date as opened_on,
        false as is_told,
    from events
    union all
    (
        with

        now as (
            select
                walk.*,
                events.event_id as now_id,
                events.account_id as now_account_id,
                events.units as now_units,
                events.paid as now_paid,
                events.paid_base as now_paid_base,
                events.currency as now_currency,
                events.event_date as now_date,
                events.valuation_date as now_shown,
                events.is_told as now_told,
                events.factor as now_factor,
                events.next_account_id,
                events.arrival_date,
                events.takes_dearest,
            from walk
            inner join events -- until the last event of the security
                on walk.security_id = events.security_id
                and walk.step + 1 = events.step
            where walk.kind in ('goes_on', 'open')
        ),

        -- A chosen part of a lot is taken before all others.
        parts as (
            select
                now.*,
                unnest([least(abs(now.units), coalesce(choices.quantity * now_factor, abs(now.units))), 0]) as chosen,
                unnest([0, 1]) as turn,
                choices.lot_id is not null as is_chosen,
            from now
            left join choices
                on now.now_account_id = choices.account_id
                and now.now_id = choices.external_id
                and now.lot_id = choices.lot_id
            where now.kind = 'open' and now.account_id = now.now_account_id and now.units * sign(now.now_units) < 0
        ),

        offered as (
            select
                security_id,
                lot_id,
                now_units,
                case
                    when turn = 0 then if(is_chosen, chosen, 0)
                    else abs(units) - if(is_chosen, lag(chosen) over lot_in_order, 0)
                end::decimal(38, 16) as offer,
                turn,
                case when takes_dearest then -paid::double / units::double * sign(units) end as dearness,
                acquired_date,
                paid,
            from parts
            window lot_in_order as (partition by security_id, lot_id order by turn)
        ),

        queued as (
            select
                *,
                sum(offer) over (
                    partition by security_id
                    order by turn, dearness nulls last, acquired_date, paid, lot_id
                    rows between unbounded preceding and 1 preceding
                ) as offered_before,
            from offered
        ),

        taken as (
            select
                security_id,
                lot_id,
                sum(greatest(0, least(offer, abs(now_units) - coalesce(offered_before, 0))))::decimal(38, 16) as taken,
            from queued
            group by all
        ),

        settled as (
            select
                now.*,
                coalesce(taken.taken, 0) * sign(now.units)::integer as gone,
                case
                    when gone = now.units then now.paid
                    else (now.paid::double * (gone::double / now.units::double))::decimal(28, 2)
                end as gone_paid,
                case
                    when gone = now.units then now.paid_base
                    else (now.paid_base::double * (gone::double / now.units::double))::decimal(28, 2)
                end as gone_paid_base,
            from now
            left join taken
                on now.security_id = taken.security_id
                and now.lot_id = taken.lot_id
                and now.account_id = now.now_account_id
            where now.kind = 'open'
        ),

        opening as (
            select
                now.*,
                now.now_units + coalesce(closed.gone, 0) as came,
                came::double / now.now_units::double as share,
            from now
            left join (select security_id, sum(gone) as gone from settled group by all) as closed using (security_id)
            where now.kind = 'goes_on' and came <> 0
        ),

        opened as (
            select
                security_id,
                step,
                now_account_id as account_id,
                now_id as lot_id,
                now_id as event_id,
                now_currency as currency,
                came as units,
                (now_paid::double * share)::decimal(28, 2) as paid,
                (now_paid_base::double * share)::decimal(28, 2) as paid_base,
                now_date as acquired_date,
                now_shown as opened_on,
                now_told as is_told,
            from opening
            union all
            select -- more was transferred than was there
                security_id,
                step,
                next_account_id,
                now_id || '>',
                now_id,
                now_currency,
                -came,
                (-now_paid::double * share)::decimal(28, 2),
                (-now_paid_base::double * share)::decimal(28, 2),
                now_date,
                arrival_date,
                false,
            from opening
            where next_account_id is not null
            union all
            select
                security_id,
                step,
                next_account_id,
                lot_id || '>' || now_id,
                now_id,
                currency,
                gone,
                gone_paid,
                gone_paid_base,
                acquired_date,
                arrival_date,
                is_told,
            from settled
            where gone <> 0 and next_account_id is not null
        )

        select
            security_id,
            step + 1,
            kind,
            account_id,
            lot_id,
            event_id,
            currency,
            units,
            paid,
            paid_base,
            acquired_date,
            opened_on,
            is_told,
        from now
        where kind = 'goes_on'
        union all
        select
            security_id,
            step + 1,
            'open',
            account_id,
            lot_id,
            event_id,
            currency,
            units - gone,
            paid - gone_paid,
            paid_base - gone_paid_base,
            acquired_date,
            opened_on,
            is_told,
        from settled
        where units <> gone
        union all
        select
            security_id,
            step + 1,
            'closed',
            account_id,
            lot_id,
            now_id,
            currency,
            gone,
            gone_paid,
            gone_paid_base,
            acquired_date,
            opened_on,
            is_told,
        from settled
        where gone <> 0
        union all
        select
            security_id,
            step + 1,
            unnest(['open', 'opened']),
            account_id,
            lot_id,
            event_id,
            currency,
            units,
            paid,
            paid_base,
            acquired_date,
            opened_on,
            is_told,
        from opened
    )
)

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
from walk
where kind in ('opened', 'closed')
