-- The allocation at the end of each day: what is held of each asset class, and how far that is from its target.
-- Debts and excluded accounts are left out; account_allocation_daily has them with is_allocated = false.
-- grain: one row per day and class that is held or has a target
-- keys: valuation_date, asset_class
-- nulls: weights of a day on which the allocation adds up to nothing; targets that were not given; drift then too
-- market_value_base: by the classes as they are now, in the base currency
-- weight: its share of the day's allocation, 0 to 1
-- target_weight: the share that it should be, 0 to 1
-- drift: weight less target_weight
-- market_value_base_then: by the classes as they were on that day
-- weight_then: its share by the classes as they were
-- target_weight_then: the target as it was
-- drift_then: weight_then less target_weight_then
-- unpriced_count: holdings without a value in the base currency, which market_value_base lacks
-- unpriced_count_then: the same of market_value_base_then
with

days as (select * from int_days),
account_allocation as (select * from account_allocation_daily),
class_days as (select * from stg_asset_class_days),

held as (
    select
        valuation_date,
        asset_class,
        sum(market_value_base) as market_value_base,
        sum(market_value_base_then) as market_value_base_then,
        sum(unpriced_count)::bigint as unpriced_count,
        sum(unpriced_count_then)::bigint as unpriced_count_then,
    from account_allocation
    where is_allocated
    group by all
),

targets as (
    select
        asset_class,
        last(target_weight order by first_date) as target_weight,
        max(target_weight) > 0 as was_wanted,
    from class_days
    group by asset_class
),

wanted as (
    select
        days.valuation_date,
        targets.asset_class,
    from days
    cross join targets
    where targets.was_wanted
),

rows_wanted as (
    select
        valuation_date,
        asset_class,
        coalesce(held.market_value_base, 0) as market_value_base,
        coalesce(held.market_value_base_then, 0) as market_value_base_then,
        coalesce(held.unpriced_count, 0) as unpriced_count,
        coalesce(held.unpriced_count_then, 0) as unpriced_count_then,
    from held
    full join wanted using (valuation_date, asset_class)
),

weighed as (
    select
        *,
        market_value_base::double
        / nullif(sum(market_value_base) over (partition by valuation_date), 0)::double as weight,
        market_value_base_then::double
        / nullif(sum(market_value_base_then) over (partition by valuation_date), 0)::double as weight_then,
    from rows_wanted
)

select
    weighed.valuation_date,
    weighed.asset_class,
    weighed.market_value_base,
    weighed.weight,
    targets.target_weight,
    weighed.weight - targets.target_weight::double as drift,
    weighed.market_value_base_then,
    weighed.weight_then,
    class_days.target_weight as target_weight_then,
    weighed.weight_then - class_days.target_weight::double as drift_then,
    weighed.unpriced_count,
    weighed.unpriced_count_then,
from weighed
left join targets using (asset_class)
asof left join class_days
    on weighed.asset_class = class_days.asset_class
    and weighed.valuation_date >= class_days.first_date
