-- What moved into and out of accounts by units, at the day's price and rate; and holdings whose value
-- became known, or unknown, while they were held.
-- grain: one row per day, account and security with such a change
-- keys: valuation_date, account_id, security_id
-- nulls: moved_base unless units moved at a known price and rate; correction_base of all others
-- kind: debt, revalued (see int_holding_kinds) or market
-- price: of one unit; of what is no longer held the day's close, else yesterday's price
-- fx_rate: base units for one unit of the price's currency
-- moved_base: value of the units that came, less that of the units that went
-- correction_base: what became known, less what became unknown; or what another multiplier made of it
with

units_moved as (select * from int_units_moved),
values_corrected as (select * from int_values_corrected),
values_daily as (select * from daily_holding_values),
fx_rates as (select * from int_fx_rates_daily),
kinds as (select * from int_holding_kinds),

changed as (
    select
        *,
        true as is_moved,
    from units_moved
    union all by name
    select
        *,
        false as is_moved,
    from values_corrected
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
        coalesce(kinds.kind, 'market') as kind,
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
    left join kinds
        on changed.account_id = kinds.account_id
        and changed.security_id = kinds.security_id
),

valued as (
    select
        *,
        value_in_cents(quantity, price, multiplier) as value_after,
        value_in_cents(earlier_quantity, price, earlier_multiplier) as value_before,
        is_moved and not is_unknown and not was_unknown as is_comparable,
    from looked_up
),

compared as (
    select
        *,
        coalesce(value_in_base(value_after, fx_rate), 0) - coalesce(value_in_base(value_before, fx_rate), 0)
            as difference,
        value_in_base(earlier_value, earlier_currency_rate) as lost_base,
    from valued
)

select
    valuation_date,
    account_id,
    security_id,
    kind,
    multiplier,
    price,
    fx_rate,
    case when is_comparable and quantity <> earlier_quantity then difference end as moved_base,
    case
        when is_comparable and quantity = earlier_quantity then difference
        when is_held and was_unknown and not is_unknown then market_value_base
        when was_held and is_unknown and not was_unknown then -coalesce(lost_base, earlier_value_base)
    end as correction_base,
from compared
