-- What was bought when and for how much, and what of it is still held: as activities tell it, else as
-- snapshots show it. The quantities of the lots of a holding add up to the quantity held.
-- grain: one row per lot
-- keys: account_id, security_id, lot_id
-- nulls: cost where it is not known, market_value without a price; gains then too
-- account_name: the account's name for people
-- lot_id: the activity that opened it, or `seen:` with the day where only a snapshot tells; of a lot that
-- came from another account, with the transfer behind it
-- acquired_date: the day on which it was bought, in whatever account; of an inferred lot the first day seen
-- opened_on: the day on which it shows in what the account holds
-- days_held: from acquired_date through the build's last day
-- is_inferred: told by snapshots alone
-- opened_quantity: units opened, in units of the build's last day
-- quantity: units of it still held, negative of a short; 0 when it is closed
-- cost: what was paid for these units, fees included; of a short, what was got for them, negative
-- cost_base: cost at the rate of its own day
-- value_currency: currency of market_value
-- unrealized_gain: market_value less cost, where both are in one currency
-- unrealized_gain_base: market_value_base less cost_base
with

lots as (select * from int_lots),
values_daily as (select * from daily_holding_values),
accounts as (select * from accounts),
settings as (select * from build_settings),

summed as (
    select
        account_id,
        security_id,
        lot_id,
        any_value(currency) as currency,
        any_value(acquired_date) as acquired_date,
        any_value(opened_on) as opened_on,
        bool_and(is_told) as is_told,
        sum(units) filter (where kind = 'opened') as opened_units,
        sum(if(kind = 'opened', units, -units)) as units,
        sum(if(kind = 'opened', paid, -paid)) as paid,
        sum(if(kind = 'opened', paid_base, -paid_base)) as paid_base,
        count(*) = count(paid) as has_cost,
        count(*) = count(paid_base) as has_cost_base,
    from lots
    group by account_id, security_id, lot_id
),

valued as (
    select
        summed.*,
        values_daily.valuation_date,
        values_daily.currency as value_currency,
        value_in_cents(
            try_cast(summed.units as decimal(28, 10)), values_daily.close_price, values_daily.multiplier
        ) as lot_value,
        value_in_base(lot_value, values_daily.fx_rate) as lot_value_base,
    from summed
    left join (
        select values_daily.*
        from values_daily
        inner join settings on values_daily.valuation_date = settings.through_date
    ) as values_daily
        on summed.account_id = values_daily.account_id
        and summed.security_id = values_daily.security_id
        and summed.units <> 0
)

select
    valued.account_id,
    valued.security_id,
    valued.lot_id,
    valued.acquired_date,
    valued.opened_on,
    settings.through_date - valued.acquired_date as days_held,
    accounts.name as account_name,
    accounts.tax_bucket,
    not valued.is_told as is_inferred,
    valued.currency,
    valued.opened_units::decimal(28, 10) as opened_quantity,
    valued.units::decimal(28, 10) as quantity,
    case when valued.has_cost then valued.paid end::decimal(28, 2) as cost,
    case when valued.has_cost_base then valued.paid_base end::decimal(28, 2) as cost_base,
    valued.value_currency,
    valued.lot_value as market_value,
    valued.lot_value_base as market_value_base,
    case
        when valued.has_cost and valued.currency = valued.value_currency then valued.lot_value - valued.paid
    end::decimal(28, 2) as unrealized_gain,
    case when valued.has_cost_base then valued.lot_value_base - valued.paid_base end::decimal(28, 2)
        as unrealized_gain_base,
from valued
cross join settings
left join accounts using (account_id)
