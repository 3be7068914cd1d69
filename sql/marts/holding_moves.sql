-- What moved into and out of accounts by units, what trades gained, and what became known of holdings;
-- with account_kind_values_daily and the activities it is what net_worth_bridge is made of.
-- grain: one row per day, account and security with such a change; an account's first day is left out
-- keys: valuation_date, account_id, security_id
-- apart: account_id
-- units: the base currency, save for price
-- nulls: price and fx_rate where unknown
-- kind: debt, revalued (worth what its owner says: a house, a private fund) or market
-- units_moved: units that came, less units that went, in units of this day
-- price: of one unit; of what is no longer held the day's close, else the price of the day before
-- moved: what these units are worth at this price and rate
-- corrected: what was held on both days and valued on one of them only, or had its multiplier corrected
-- trade_gain: what units traded are worth at this price, less what they cost, fees apart
with

units_moved as (select * from int_units_moved),
activities as (select * from int_activities_dated),
kinds as (select * from int_holding_kinds),
fx_rates as (select * from int_fx_rates_daily),
-- In full it would be a second copy of the largest table.
values_daily as not materialized (select * from daily_holding_values),

-- A security's trades together; those of unknown units or cost are left out.
trades as (
    select
        valuation_date,
        account_id,
        security_id,
        sum(units) as traded_units,
        coalesce(sum(paid_base), 0) as paid,
        coalesce(sum(cost_base), 0) as cost,
    from activities
    where type in ('buy', 'sell', 'reinvest', 'stock_dividend') and security_id is not null
    group by valuation_date, account_id, security_id
    having count(*) = count(units) and count(*) = count(coalesce(paid_base, cost_base))
),

unpriced as (
    select
        account_id,
        security_id,
        valuation_date,
    from values_daily
    where market_value_base is null
),

-- The first day of each stretch without a value, and the day after its last.
became_known_or_unknown as (
    select
        valuation_date,
        account_id,
        security_id,
    from (
        select * from unpriced
        union all
        select * replace (valuation_date + 1 as valuation_date) from unpriced
    )
    group by all
    having count(*) = 1
),

changed as (
    select
        *,
        true as is_moved,
    from units_moved
    union all by name
    select
        *,
        false as is_moved,
    from became_known_or_unknown
    anti join units_moved using (valuation_date, account_id, security_id)
),

-- One pass over the daily values, in which the few rows that are asked for are what is hashed.
around as (
    select values_daily.*
    from values_daily
    inner join (
        select
            valuation_date,
            account_id,
            security_id,
        from changed
        union
        select
            valuation_date - 1 as valuation_date,
            account_id,
            security_id,
        from changed
    ) using (valuation_date, account_id, security_id)
),

looked_up as (
    select
        changed.valuation_date,
        changed.account_id,
        changed.security_id,
        changed.is_moved,
        today.account_id is not null as is_held,
        yesterday.account_id is not null as was_held,
        today.account_id is not null and today.market_value_base is null as is_unknown,
        yesterday.account_id is not null and yesterday.market_value_base is null as was_unknown,
        today.market_value_base,
        yesterday.market_value as earlier_value,
        yesterday.market_value_base as earlier_value_base,
        coalesce(changed.quantity, 0) as quantity,
        coalesce(changed.earlier_quantity, 0) as earlier_quantity,
        coalesce(today.multiplier, yesterday.multiplier) as multiplier,
        coalesce(yesterday.multiplier, today.multiplier) as earlier_multiplier,
        case
            when today.account_id is not null then today.close_price
            when changed.close is not null then changed.close
            when changed.ratio is not null then over_factor(yesterday.close_price, changed.ratio)
            else yesterday.close_price
        end as price,
        case when today.account_id is not null then today.fx_rate else rates.fx_rate end as fx_rate,
        rates.fx_rate as earlier_currency_rate,
    from changed
    left join around as today using (valuation_date, account_id, security_id)
    left join around as yesterday
        on changed.valuation_date - 1 = yesterday.valuation_date
        and changed.account_id = yesterday.account_id
        and changed.security_id = yesterday.security_id
    left join fx_rates as rates
        on coalesce(changed.close_currency, yesterday.currency) = rates.currency
        and changed.valuation_date = rates.valuation_date
),

-- Units traded that do not show yet have no price here, and gain nothing.
with_trades as (
    select
        *,
        is_moved and not is_unknown and not was_unknown as is_known,
        is_known and quantity <> earlier_quantity as has_moved,
        value_in_cents(quantity, price, multiplier) as value_after,
        value_in_cents(earlier_quantity, price, earlier_multiplier) as value_before,
        value_in_cents(try_cast(traded_units as decimal(28, 10)), price, multiplier) as value_traded,
        paid + cost * coalesce(multiplier, 1) as paid_base,
    from looked_up
    full join trades using (valuation_date, account_id, security_id)
    where is_moved or (is_held and was_held) or traded_units = 0
),

in_base as (
    select
        *,
        coalesce(value_in_base(value_after, fx_rate), 0) - coalesce(value_in_base(value_before, fx_rate), 0)
            as difference,
        value_in_base(value_traded, fx_rate) as worth_base,
        value_in_base(earlier_value, earlier_currency_rate) as lost_base,
    from with_trades
)

select
    in_base.valuation_date,
    in_base.account_id,
    in_base.security_id,
    coalesce(kinds.kind, 'market') as kind,
    case when has_moved then quantity - earlier_quantity else 0 end as units_moved,
    price,
    fx_rate,
    case when has_moved then difference else 0 end as moved,
    case
        when is_known and not has_moved then difference
        when is_held and was_unknown and not is_unknown then market_value_base
        when was_held and is_unknown and not was_unknown then -coalesce(lost_base, earlier_value_base)
        else 0
    end as corrected,
    case
        when traded_units = 0 then -paid_base
        when has_moved then coalesce(worth_base - paid_base, 0)
        else 0
    end as trade_gain,
from in_base
left join kinds
    on in_base.account_id = kinds.account_id
    and in_base.security_id = kinds.security_id
