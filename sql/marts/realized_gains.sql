-- What each sale made of each lot that it took; and lots that left without being sold.
-- grain: one row per lot and event that took of it
-- keys: account_id, security_id, lot_id, event_id
-- nulls: amounts that are not known; proceeds and gains of what was not sold; gain where the two amounts are
-- in different currencies
-- account_name: the account's name for people
-- lot_id: the lot, as in `lots`
-- event_id: the activity that sold it; `seen:` with the day where only a snapshot tells, `left:` where its
-- account left
-- closed_on: the day on which it shows in what the account holds
-- sold_date: the day on which it happened
-- acquired_date: the day on which it was bought, in whatever account; of an inferred lot the first day seen
-- days_held: from the one to the other
-- is_sale: sold; else transferred, or its account left
-- is_inferred: the lot or the sale is told by snapshots alone
-- quantity: units of the lot, negative of a short, in units of the build's last day
-- quantity_then: the same in units of the day on which it was closed
-- cost: what was paid for it, its share of fees included; of a short what it cost to buy back
-- proceeds: what was got for it, its share of fees taken off
-- gain: proceeds less cost
-- cost_base: cost at the rate of its own day
-- proceeds_base: proceeds at the rate of their own day
-- gain_base: proceeds_base less cost_base
with

lots as (select * from int_lots),
events as (select * from int_lot_events),
accounts as (select * from accounts),

taken as (
    select
        lots.*,
        events.valuation_date as closed_on,
        events.event_date as sold_date,
        events.currency as sold_currency,
        events.is_told as is_sale_told,
        events.is_sale,
        events.factor,
        events.paid as event_paid,
        events.paid_base as event_paid_base,
        -- Rounded at both ends, the parts of a sale add up to what it brought.
        (sum(abs(lots.units)) over lots_in_order - abs(lots.units))::double / abs(events.units)::double
            as share_before,
        (sum(abs(lots.units)) over lots_in_order)::double / abs(events.units)::double as share_until,
    from lots
    inner join events
        on lots.account_id = events.account_id
        and lots.security_id = events.security_id
        and lots.event_id = events.event_id
    where lots.kind = 'closed'
    window lots_in_order as (
        partition by lots.account_id, lots.security_id, lots.event_id order by lots.acquired_date, lots.lot_id
    )
),

shared as (
    select
        *,
        case
            when is_sale
                then (event_paid::double * share_until)::decimal(28, 2)
                    - (event_paid::double * share_before)::decimal(28, 2)
        end as got,
        case
            when is_sale
                then (event_paid_base::double * share_until)::decimal(28, 2)
                    - (event_paid_base::double * share_before)::decimal(28, 2)
        end as got_base,
    from taken
)

select
    shared.account_id,
    shared.security_id,
    shared.lot_id,
    shared.event_id,
    shared.closed_on,
    shared.sold_date,
    shared.acquired_date,
    shared.sold_date - shared.acquired_date as days_held,
    accounts.name as account_name,
    accounts.tax_bucket,
    shared.is_sale,
    not (shared.is_told and shared.is_sale_told) as is_inferred,
    shared.currency,
    shared.units::decimal(28, 10) as quantity,
    over_factor(shared.units, shared.factor) as quantity_then,
    if(shared.units > 0, shared.paid, shared.got)::decimal(28, 2) as cost,
    if(shared.units > 0, -shared.got, -shared.paid)::decimal(28, 2) as proceeds,
    case when shared.currency = shared.sold_currency then -shared.got - shared.paid end::decimal(28, 2) as gain,
    if(shared.units > 0, shared.paid_base, shared.got_base)::decimal(28, 2) as cost_base,
    if(shared.units > 0, -shared.got_base, -shared.paid_base)::decimal(28, 2) as proceeds_base,
    (-shared.got_base - shared.paid_base)::decimal(28, 2) as gain_base,
from shared
left join accounts using (account_id)
