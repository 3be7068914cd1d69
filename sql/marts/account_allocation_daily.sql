-- What each account held of each asset class at the end of each day, as of the classes of now and of then.
-- grain: one row per day, account and class that either the classes of now or those of then give
-- keys: valuation_date, account_id, asset_class
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

-- Holdings with the same history of classes are added up before they are split.
keyed as (
    select
        account_id,
        security_id,
        (dense_rank() over (order by history))::integer as history_key,
    from listed
),

histories as (
    select distinct
        keyed.history_key,
        holding_classes.first_date,
        holding_classes.last_date,
        holding_classes.asset_class,
        holding_classes.is_current,
        holding_classes.weight_before,
        holding_classes.weight_until,
    from holding_classes
    inner join keyed using (account_id, security_id) -- every row has its key
),

sums as (
    select
        values_daily.valuation_date,
        values_daily.account_id,
        keyed.history_key,
        sum(values_daily.market_value_base) as market_value_base,
        count(*) filter (where values_daily.market_value_base is null) as unpriced_count,
    from values_daily
    inner join keyed using (account_id, security_id) -- every holding; the sentinels of emptied accounts are none
    group by all
),

split as (
    select
        sums.valuation_date,
        sums.account_id,
        histories.asset_class,
        histories.is_current,
        sums.valuation_date >= histories.first_date
        and sums.valuation_date <= coalesce(histories.last_date, sums.valuation_date) as is_then,
        split_off(sums.market_value_base, histories.weight_before, histories.weight_until) as market_value_base,
        sums.unpriced_count,
    from sums
    inner join histories using (history_key) -- every key has its history
    where is_current or is_then
)

select
    split.valuation_date,
    split.account_id,
    split.asset_class,
    any_value(split.asset_class <> 'Debt' and coalesce(account_edits.include_in_allocation, true)) as is_allocated,
    coalesce(sum(split.market_value_base) filter (where split.is_current), 0)::decimal(38, 2) as market_value_base,
    coalesce(sum(split.market_value_base) filter (where split.is_then), 0)::decimal(38, 2)
        as market_value_base_then,
    coalesce(sum(split.unpriced_count) filter (where split.is_current), 0)::bigint as unpriced_count,
    coalesce(sum(split.unpriced_count) filter (where split.is_then), 0)::bigint as unpriced_count_then,
from split
left join account_edits using (account_id)
group by split.valuation_date, split.account_id, split.asset_class
