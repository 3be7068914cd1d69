-- What each account held of each asset class at the end of each day, as of the classes of now and of then.
-- grain: one row per day, account and class that either the classes of now or those of then give
-- keys: valuation_date, account_id, asset_class
-- apart: valuation_date, account_id
-- asset_class: as in holding_classes; a fund with weights is split up to the cent
-- is_allocated: false for debts and for accounts that the user excludes: allocation_daily leaves them out
-- market_value_base: by the classes as they are now, in the base currency
-- market_value_base_then: by the classes as they were on that day
-- unpriced_count: holdings without a value in the base currency, which market_value_base lacks; a fund counts in
-- each of its classes
-- unpriced_count_then: the same of market_value_base_then
with

values_daily as (select * from daily_holding_values),
holding_classes as (select * from holding_classes),
account_edits as (select * from stg_account_edits),

listed as (
    select
        account_id,
        security_id,
        list(
            (first_date, last_date, asset_class, is_current, weight_before, weight_until)
            order by first_date, asset_class
        ) as history,
    from holding_classes
    group by account_id, security_id
),

-- Holdings of an account with the same history of classes are added up before they are split.
keyed as (
    select
        account_id,
        security_id,
        (dense_rank() over (order by account_id, history))::integer as history_key,
    from listed
),

histories as (
    select distinct
        keyed.history_key,
        keyed.account_id,
        holding_classes.first_date,
        holding_classes.last_date,
        holding_classes.asset_class,
        holding_classes.is_current,
        holding_classes.weight_before,
        holding_classes.weight_until,
    from holding_classes
    inner join keyed using (account_id, security_id) -- every row has its key
),

-- A number for joining, one per account and class: numbers are grouped faster than names.
places as (
    select
        account_id,
        asset_class,
        (row_number() over (order by account_id, asset_class))::integer as place_key,
    from (select distinct account_id, asset_class from histories)
),

placed as (
    select
        histories.*,
        places.place_key,
    from histories
    inner join places using (account_id, asset_class) -- every class of every account has its number
),

sums as (
    select
        values_daily.valuation_date,
        keyed.history_key,
        sum(values_daily.market_value_base) as market_value_base,
        count(*) filter (where values_daily.market_value_base is null) as unpriced_count,
    from values_daily
    inner join keyed using (account_id, security_id) -- every holding; the sentinels of emptied accounts are none
    group by values_daily.valuation_date, keyed.history_key
),

split as (
    select
        sums.valuation_date,
        placed.place_key,
        placed.is_current,
        sums.valuation_date >= placed.first_date
        and sums.valuation_date <= coalesce(placed.last_date, sums.valuation_date) as is_then,
        split_off(sums.market_value_base, placed.weight_before, placed.weight_until) as market_value_base,
        sums.unpriced_count,
    from sums
    inner join placed using (history_key) -- every key has its history
    where is_current or is_then
),

classed as (
    select
        valuation_date,
        place_key,
        coalesce(sum(market_value_base) filter (where is_current), 0)::decimal(38, 2) as market_value_base,
        coalesce(sum(market_value_base) filter (where is_then), 0)::decimal(38, 2) as market_value_base_then,
        coalesce(sum(unpriced_count) filter (where is_current), 0)::bigint as unpriced_count,
        coalesce(sum(unpriced_count) filter (where is_then), 0)::bigint as unpriced_count_then,
    from split
    group by valuation_date, place_key
)

select
    classed.valuation_date,
    places.account_id,
    places.asset_class,
    places.asset_class <> 'Debt' and coalesce(account_edits.include_in_allocation, true) as is_allocated,
    classed.market_value_base,
    classed.market_value_base_then,
    classed.unpriced_count,
    classed.unpriced_count_then,
from classed
inner join places using (place_key) -- every number has its names
left join account_edits using (account_id)
