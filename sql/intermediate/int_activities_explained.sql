-- What an account's activities explain of the change that its next governing snapshot shows, which is
-- the first one on or after their day. What is dated through the first snapshot explains nothing.
-- grain: one row per day and account with such activities
-- keys: valuation_date, account_id
-- income: dividends, interest and distributions, at the rate of valuation_date
-- fees: fees, taxes and the fees of trades and transfers; what was paid is negative
-- trade_gain: what units traded are worth at the price of valuation_date, less what they cost
with

activities as (select * from stg_activities),
windows as (select * from int_snapshot_windows),
values_moved as (select * from int_values_moved),
split_factors as (select * from int_split_factors),
fx_rates as (select * from int_fx_rates_daily),

reach as (
    select
        *,
        min(window_start) over (partition by account_id) as first_date,
    from windows
),

dated as (
    select
        reach.window_start as valuation_date,
        coalesce(activities.currency, reach.currency) as currency,
        activities.* exclude (currency),
    from activities
    asof inner join reach -- what no snapshot shows yet changes no value
        on activities.account_id = reach.account_id
        and activities.activity_date <= reach.window_start
    where activities.activity_date > reach.first_date
),

-- With the price of what the account has more or less of by that day.
told as (
    select
        dated.valuation_date,
        dated.account_id,
        dated.security_id,
        dated.type,
        case
            when split_factors.factor is null then dated.quantity
            else times_factor(dated.quantity, split_factors.factor)
        end as units,
        values_moved.price,
        values_moved.multiplier,
        values_moved.fx_rate,
        value_in_base(try_cast(dated.amount as decimal(18, 2)), fx_rates.fx_rate) as amount_base,
        coalesce(value_in_base(try_cast(dated.fee as decimal(18, 2)), fx_rates.fx_rate), 0) as fee_base,
        value_in_cents(dated.quantity, dated.price, coalesce(values_moved.multiplier, 1)) as cost,
        fx_rates.fx_rate as paid_fx_rate,
    from dated
    left join values_moved
        on dated.valuation_date = values_moved.valuation_date
        and dated.account_id = values_moved.account_id
        and dated.security_id = values_moved.security_id
        and values_moved.moved_base is not null
    left join fx_rates
        on dated.currency = fx_rates.currency
        and dated.valuation_date = fx_rates.valuation_date
    left join split_factors
        on dated.security_id = split_factors.security_id
        and dated.activity_date between split_factors.earlier_from and split_factors.earlier_until
        and dated.valuation_date between split_factors.later_from and split_factors.later_until
),

paid as (
    select
        *,
        case type
            when 'stock_dividend' then 0
            else coalesce(-amount_base - fee_base, value_in_base(cost, paid_fx_rate))
        end as paid_base,
    from told
    where type in ('buy', 'sell', 'reinvest', 'stock_dividend')
),

-- A security's trades together; those of unknown units or cost are left out.
trades as (
    select
        valuation_date,
        account_id,
        sum(units) as units,
        sum(paid_base) as paid_base,
        any_value(price) as price,
        any_value(multiplier) as multiplier,
        any_value(fx_rate) as fx_rate,
    from paid
    group by valuation_date, account_id, security_id
    having count(*) = count(units) and count(*) = count(paid_base)
),

valued as (
    select
        *,
        value_in_cents(try_cast(units as decimal(28, 10)), price, multiplier) as value_then,
    from trades
),

entries as (
    select
        valuation_date,
        account_id,
        case when type in ('dividend', 'interest', 'distribution') then amount_base end as income,
        case
            when type in ('fee', 'tax') then coalesce(amount_base, -fee_base)
            when type not in ('dividend', 'interest', 'distribution') then -fee_base
        end as fees,
        null as trade_gain,
    from told
    union all
    select
        valuation_date,
        account_id,
        null as income,
        null as fees,
        -- Units that do not show yet have no price here, and gain nothing.
        case when units = 0 then 0 else value_in_base(value_then, fx_rate) end - paid_base as trade_gain,
    from valued
)

select
    valuation_date,
    account_id,
    coalesce(sum(income), 0) as income,
    coalesce(sum(fees), 0) as fees,
    coalesce(sum(trade_gain), 0) as trade_gain,
from entries
group by all
