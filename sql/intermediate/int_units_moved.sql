-- Holdings of which an account has other units, or another multiplier, than the day before, the day's
-- splits apart.
-- grain: one row per day, account and security; the account's first day is left out
-- keys: valuation_date, account_id, security_id
-- apart: account_id
-- nulls: earlier_quantity of what was not held the day before, quantity of what no longer is
-- earlier_quantity: units of the day before, in units of this day
-- ratio: new units for one old, where it split on this day; else null
-- close: for what is no longer held, the day's close or mark in close_currency, where there is one
with

positions as (select * from int_positions),
holdings as (select * from int_position_holdings),
splits as (select * from stg_splits),
prices as (select * from int_prices),

steps as (
    select
        position_id,
        account_id,
        position_start as valuation_date,
        lag(position_id) over (partition by account_id order by position_start) as earlier_position_id,
    from positions
    qualify earlier_position_id is not null
),

later as (
    select
        steps.position_id,
        holdings.security_id,
        holdings.quantity,
        holdings.multiplier,
    from steps
    inner join holdings using (position_id)
),

earlier as (
    select
        steps.position_id,
        holdings.security_id,
        holdings.multiplier as earlier_multiplier,
        holdings.pricing,
        splits.ratio,
        case
            when splits.ratio is null then holdings.quantity
            else times_factor(holdings.quantity, splits.ratio)
        end as earlier_quantity,
    from steps
    inner join holdings on steps.earlier_position_id = holdings.position_id
    left join splits
        on holdings.security_id = splits.security_id
        and steps.valuation_date = splits.split_date
),

moved as (
    select
        steps.valuation_date,
        steps.account_id,
        later_or_earlier.*,
    from (select * from later full join earlier using (position_id, security_id)) as later_or_earlier
    inner join steps using (position_id)
    where
        security_id <> '_ZERO_BALANCE'
        and (quantity is distinct from earlier_quantity or multiplier is distinct from earlier_multiplier)
),

-- An inner join with the few that went, so that the many prices are not what is hashed.
closes as (
    select distinct
        prices.security_id,
        prices.price_date,
        prices.currency,
        prices.close,
    from prices
    inner join moved
        on prices.security_id = moved.security_id
        and prices.price_date = moved.valuation_date
    where moved.quantity is null and moved.pricing <> 'cash'
)

select
    moved.valuation_date,
    moved.account_id,
    moved.security_id,
    moved.quantity,
    moved.earlier_quantity,
    moved.ratio,
    closes.close,
    closes.currency as close_currency,
from moved
left join closes
    on moved.quantity is null
    and moved.pricing <> 'cash'
    and moved.security_id = closes.security_id
    and moved.valuation_date = closes.price_date
