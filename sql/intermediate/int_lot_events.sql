-- What opened and closed lots: trades and transfers that activities tell, and what snapshots show beyond
-- them, so that the units of all events are the units held. Cash and debts have no lots.
-- Activities count on the day of the first governing snapshot on or after theirs; what no snapshot shows
-- yet does not. Of a snapshot-only event the day is the snapshot's, the price that of its day, and the cost
-- of what was held from the first day on is the provider's cost basis, where it has one.
-- grain: one row per account, security and event
-- keys: account_id, security_id, event_id
-- apart: account_id
-- nulls: paid and paid_base where no price or rate is known
-- event_id: the activity's own id, `seen:` with the day for what only a snapshot tells, or `left:`
-- valuation_date: the day on which it shows in what is held
-- event_date: the day on which it happened
-- units: came less went, in units of the build's last day
-- factor: units of the build's last day for one of valuation_date
-- paid: what the units cost, fees included; of what went, what was got for it, negative, fees taken off
-- is_told: an activity tells of it
-- is_sale: units for money; else they were moved, or the account left
-- difference: where activities are told of the security, and a snapshot shows more (or fewer): by how much
with

activities as (select * from stg_activities),
windows as (select * from int_snapshot_windows),
positions as (select * from int_positions),
holdings as (select * from int_position_holdings),
landed as (select * from stg_holdings),
units_moved as (select * from int_units_moved),
kinds as (select * from int_holding_kinds),
split_factors as (select * from int_split_factors),
prices as (select * from int_prices),
fx_rates as (select * from int_fx_rates_daily),
cash_tickers as (select * from cash_tickers),
settings as (select * from build_settings),

reach as (
    select
        account_id,
        min(position_start) as first_start,
        max(position_start) as last_start,
        max(position_end) as last_date,
    from positions
    group by account_id
),

-- What is held in each position, as it is counted here.
lines as (
    select
        positions.account_id,
        holdings.security_id,
        positions.position_start,
        positions.position_end + 1 as next_start,
        positions.snapshot_id,
        holdings.quantity,
        holdings.multiplier,
        holdings.snapshot_price,
        holdings.price_currency,
    from holdings
    inner join positions using (position_id)
    anti join (select * from kinds where kind = 'debt') as debts
        on positions.account_id = debts.account_id
        and holdings.security_id = debts.security_id
    where holdings.pricing <> 'cash'
),

known as (
    select
        account_id,
        security_id,
        any_value(multiplier order by position_start desc) as multiplier,
    from lines
    group by all
),

told as (
    select
        activities.account_id,
        activities.security_id,
        activities.external_id as event_id,
        windows.window_start as valuation_date,
        activities.activity_date as event_date,
        activities.type,
        activities.quantity,
        activities.price,
        activities.amount,
        coalesce(activities.fee, 0) as fee,
        coalesce(activities.currency, windows.currency) as currency,
    from activities
    asof inner join windows -- what no snapshot shows yet is not held yet
        on activities.account_id = windows.account_id
        and activities.activity_date <= windows.window_start
    where
        activities.type in ('buy', 'sell', 'reinvest', 'stock_dividend', 'transfer_in', 'transfer_out')
        and activities.security_id is not null
        and activities.quantity <> 0
),

told_units as (
    select
        told.*,
        coalesce(known.multiplier, 1) as multiplier,
        case when type = 'transfer_out' then -abs(in_units.units) else in_units.units end as units,
    from told
    left join known using (account_id, security_id)
    left join split_factors
        on told.security_id = split_factors.security_id
        and told.event_date between split_factors.earlier_from and split_factors.earlier_until
        and told.valuation_date between split_factors.later_from and split_factors.later_until
    cross join lateral (
        select
            case
                when split_factors.factor is null then told.quantity
                else times_factor(told.quantity, split_factors.factor)
            end as units,
    ) as in_units
    where
        told.security_id not like '\_CASH:%' escape '\'
        and told.security_id not in (select security_id from cash_tickers)
),

-- Of what is held on an account's first day, of what moved, and of what was held when the account left.
counted as (
    select
        lines.account_id,
        lines.security_id,
        lines.position_start as valuation_date,
        lines.quantity as units,
        false as has_left,
    from lines
    inner join reach
        on lines.account_id = reach.account_id
        and lines.position_start = reach.first_start
    union all
    select
        account_id,
        security_id,
        valuation_date,
        coalesce(quantity, 0) - coalesce(earlier_quantity, 0) as units,
        false as has_left,
    from units_moved
    semi join known using (account_id, security_id)
    union all
    select
        lines.account_id,
        lines.security_id,
        reach.last_date + 1 as valuation_date,
        -lines.quantity as units,
        true as has_left,
    from lines
    inner join reach
        on lines.account_id = reach.account_id
        and lines.position_start = reach.last_start
    inner join settings on reach.last_date < settings.through_date
),

told_by_day as (
    select
        account_id,
        security_id,
        valuation_date,
        sum(units) as units,
        min(event_date) as first_date,
        bool_or(units < 0) as has_sold,
        sum(case when amount <> 0 then -amount else value_in_cents(quantity, price, multiplier) end) as paid,
    from told_units
    group by all
),

first_told as (
    select
        account_id,
        security_id,
        min(valuation_date) as first_date,
    from told_units
    group by all
),

-- What snapshots show of each day, and what activities tell of it.
compared as (
    select
        coalesce(counted.account_id, told_by_day.account_id) as account_id,
        coalesce(counted.security_id, told_by_day.security_id) as security_id,
        coalesce(counted.valuation_date, told_by_day.valuation_date) as valuation_date,
        coalesce(counted.has_left, false) as has_left,
        coalesce(counted.units, 0) - coalesce(told_by_day.units, 0) as units,
        coalesce(counted.units, 0) as moved_units,
        told_by_day.first_date,
        coalesce(told_by_day.paid, 0) as told_paid,
        coalesce(told_by_day.has_sold, false) as has_sold,
    from counted
    full join told_by_day
        on counted.account_id = told_by_day.account_id
        and counted.security_id = told_by_day.security_id
        and counted.valuation_date = told_by_day.valuation_date
        and not counted.has_left
),

-- What a snapshot shows beyond what activities tell.
seen as (select * from compared where units <> 0),

-- The lines that changes are told from begin or end on the day of one, and they are few.
changing as (
    select lines.*
    from lines
    semi join compared
        on lines.account_id = compared.account_id
        and lines.security_id = compared.security_id
        and lines.position_start = compared.valuation_date
    union
    select lines.*
    from lines
    semi join compared
        on lines.account_id = compared.account_id
        and lines.security_id = compared.security_id
        and lines.next_start = compared.valuation_date
),

bases as (
    select
        changing.*,
        landed.cost_basis,
        landed.currency as basis_currency,
    from changing
    left join landed using (snapshot_id, security_id)
),

priced as (
    select
        seen.* exclude (told_paid, has_sold),
        if(seen.has_left, 'left:', 'seen:') || seen.valuation_date as event_id,
        case when seen.units > 0 then least(seen.first_date, seen.valuation_date) else seen.valuation_date end
            as event_date,
        coalesce(known.multiplier, 1) as multiplier,
        case
            when seen.units <= 0 then null
            when seen.has_sold then today.cost_basis * seen.units::double / nullif(today.quantity, 0)::double
            else today.cost_basis - if(coalesce(before.quantity, 0) = 0, 0, before.cost_basis) - seen.told_paid
        end::decimal(28, 2) as basis,
        today.basis_currency,
        case
            when split_factors.factor is not null then over_factor(prices.close, split_factors.factor)
            else coalesce(prices.close, today.snapshot_price, before.snapshot_price)
        end as price,
        coalesce(prices.currency, today.price_currency, before.price_currency) as price_currency,
    from seen
    left join known using (account_id, security_id)
    left join bases as today
        on seen.account_id = today.account_id
        and seen.security_id = today.security_id
        and seen.valuation_date = today.position_start
    asof left join bases as before
        on seen.account_id = before.account_id
        and seen.security_id = before.security_id
        and seen.valuation_date > before.position_start
    asof left join prices
        on seen.security_id = prices.security_id
        and seen.valuation_date >= prices.price_date
    left join split_factors
        on seen.security_id = split_factors.security_id
        and prices.price_date between split_factors.earlier_from and split_factors.earlier_until
        and seen.valuation_date between split_factors.later_from and split_factors.later_until
),

everything as (
    select
        account_id,
        security_id,
        event_id,
        valuation_date,
        event_date,
        units,
        case
            when type in ('transfer_in', 'transfer_out') then value_in_cents(quantity, price, multiplier)
            when type = 'stock_dividend' then 0
            when amount <> 0 then -amount
            else value_in_cents(quantity, price, multiplier) + fee
        end as paid,
        currency,
        true as is_told,
        type not in ('transfer_in', 'transfer_out') as is_sale,
        0 as difference,
    from told_units
    union all
    select
        priced.account_id,
        priced.security_id,
        priced.event_id,
        priced.valuation_date,
        priced.event_date,
        priced.units,
        if(basis > 0, basis, value_in_cents(priced.units, price, multiplier)) as paid,
        if(basis > 0, basis_currency, price_currency) as currency,
        false as is_told,
        not priced.has_left as is_sale,
        case
            when
                not priced.has_left
                and first_told.first_date <= priced.valuation_date
                and not is_same_count(priced.moved_units - priced.units, priced.moved_units)
                then priced.units
            else 0
        end as difference,
    from priced
    left join first_told using (account_id, security_id)
)

select
    everything.account_id,
    everything.security_id,
    everything.event_id,
    everything.valuation_date,
    everything.event_date,
    everything.currency,
    case
        when split_factors.factor is null then everything.units::decimal(38, 16)
        else coalesce(
            times_factor_finely(everything.units, split_factors.factor),
            times_factor(everything.units, split_factors.factor)::decimal(38, 16)
        )
    end as units,
    coalesce(split_factors.factor, 1)::decimal(38, 18) as factor,
    everything.paid::decimal(28, 2) as paid,
    case
        when everything.currency = settings.base_currency then everything.paid
        else value_in_base(try_cast(everything.paid as decimal(18, 2)), fx_rates.fx_rate)
    end::decimal(28, 2) as paid_base,
    everything.is_told,
    everything.is_sale,
    everything.difference::decimal(28, 10) as difference,
from everything
cross join settings
left join fx_rates
    on everything.currency = fx_rates.currency
    and everything.event_date = fx_rates.valuation_date
left join split_factors
    on everything.security_id = split_factors.security_id
    and everything.valuation_date between split_factors.earlier_from and split_factors.earlier_until
    and settings.through_date between split_factors.later_from and split_factors.later_until
