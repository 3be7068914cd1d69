-- Activities with the day whose change they explain: the first governing snapshot's on or after theirs.
-- Left out is what is dated through the account's first snapshot, which shows it already, and what no
-- snapshot shows yet.
-- grain: one row per account and such an activity
-- keys: account_id, external_id
-- apart: account_id
-- nulls: what the provider did not tell; amounts in the base currency where no rate is known
-- valuation_date: the day whose change it explains, at whose rate its amounts are taken
-- units: quantity in the units of that day
-- paid_base: what a trade cost without its fee; null where that is not told
-- cost_base: of a trade without an amount, quantity times price, before any multiplier
with

activities as (select * from stg_activities),
windows as (select * from int_snapshot_windows),
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
        activities.* exclude (currency),
        reach.window_start as valuation_date,
        coalesce(activities.currency, reach.currency) as currency,
        value_in_cents(activities.quantity, activities.price, 1) as cost,
    from activities
    asof inner join reach -- what no snapshot shows yet changes no value
        on activities.account_id = reach.account_id
        and activities.activity_date <= reach.window_start
    where activities.activity_date > reach.first_date
),

in_base as (
    select
        dated.*,
        case
            when split_factors.factor is null then dated.quantity
            else times_factor(dated.quantity, split_factors.factor)
        end as units,
        value_in_base(try_cast(dated.amount as decimal(18, 2)), fx_rates.fx_rate) as amount_base,
        coalesce(value_in_base(try_cast(dated.fee as decimal(18, 2)), fx_rates.fx_rate), 0) as fee_base,
        value_in_base(dated.cost, fx_rates.fx_rate) as cost_base,
    from dated
    left join fx_rates
        on dated.currency = fx_rates.currency
        and dated.valuation_date = fx_rates.valuation_date
    left join split_factors
        on dated.security_id = split_factors.security_id
        and dated.activity_date between split_factors.earlier_from and split_factors.earlier_until
        and dated.valuation_date between split_factors.later_from and split_factors.later_until
)

select
    account_id,
    external_id,
    valuation_date,
    type,
    security_id,
    units,
    amount_base,
    fee_base,
    case type when 'stock_dividend' then 0 else -amount_base - fee_base end as paid_base,
    case when type <> 'stock_dividend' and amount_base is null then cost_base end as cost_base,
from in_base
