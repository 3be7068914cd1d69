-- What is held in each position, in the units of its days: quantity times, snapshot price over, the
-- splits since the day whose units they are in (rule 3). An emptied account holds its sentinel (rule 2).
-- grain: one row per position and security
-- keys: position_id, security_id
-- apart: account_id
-- since: position_start
-- security_key: a number for joining, one per security and price_currency, in the order of first positions
-- nulls: snapshot_price where the provider gave none, or a negative one
-- pricing: how it is priced: cash, synthetic (known to its provider only) or market
-- price_currency: currency of the snapshot price; for cash, the cash's own
with

positions as (select * from int_positions),
holdings as (select * from stg_holdings),
units as (select * from int_holding_units),
split_factors as (select * from int_split_factors),
cash_tickers as (select * from cash_tickers),

-- The days whose units the count and the price are in: nearly always the snapshot's own.
dated as (
    select
        positions.position_id,
        positions.position_start,
        holdings.*,
        coalesce(units.quantity_date, positions.snapshot_date) as quantity_date,
        coalesce(units.snapshot_price_date, positions.snapshot_date) as snapshot_price_date,
        positions.snapshot_date = positions.position_start as is_own_day,
    from positions
    inner join holdings using (snapshot_id)
    left join units using (snapshot_id, security_id)
),

held as (
    select
        dated.position_id,
        dated.position_start,
        dated.security_id,
        dated.symbol,
        dated.multiplier,
        case
            when count_splits.factor is not null then times_factor(dated.quantity, count_splits.factor)
            when early_splits.factor is not null then over_factor(dated.quantity, early_splits.factor)
            else dated.quantity
        end as quantity,
        case
            when dated.snapshot_price < 0 then null
            when price_splits.factor is not null then over_factor(dated.snapshot_price, price_splits.factor)
            when early_prices.factor is not null then times_factor(dated.snapshot_price, early_prices.factor)
            else dated.snapshot_price
        end as snapshot_price,
        case
            when dated.is_own_day and dated.quantity_date = dated.snapshot_price_date then dated.snapshot_value
        end as snapshot_value,
        case
            when dated.security_id like '\_CASH:%' escape '\' or cash_tickers.currency is not null then 1
            else dated.cash_price
        end as cash_price,
        case
            when dated.security_id like '\_CASH:%' escape '\' then 'cash'
            when cash_tickers.security_id is not null then 'cash'
            when dated.security_id like '\_%' escape '\' then 'synthetic'
            else 'market'
        end as pricing,
        case
            when dated.security_id like '\_CASH:%' escape '\' then substr(dated.security_id, 7)
            else coalesce(cash_tickers.currency, dated.currency)
        end as price_currency,
    from dated
    left join cash_tickers using (security_id)
    left join split_factors as count_splits
        on dated.security_id = count_splits.security_id
        and dated.quantity_date between count_splits.earlier_from and count_splits.earlier_until
        and dated.position_start between count_splits.later_from and count_splits.later_until
    left join split_factors as price_splits
        on dated.security_id = price_splits.security_id
        and dated.snapshot_price_date between price_splits.earlier_from and price_splits.earlier_until
        and dated.position_start between price_splits.later_from and price_splits.later_until
    left join split_factors as early_splits
        on dated.security_id = early_splits.security_id
        and dated.position_start between early_splits.earlier_from and early_splits.earlier_until
        and dated.quantity_date between early_splits.later_from and early_splits.later_until
    left join split_factors as early_prices
        on dated.security_id = early_prices.security_id
        and dated.position_start between early_prices.earlier_from and early_prices.earlier_until
        and dated.snapshot_price_date between early_prices.later_from and early_prices.later_until
),

emptied as (
    select
        positions.position_id,
        positions.position_start,
        '_ZERO_BALANCE' as security_id,
        0 as quantity,
        0 as cash_price,
        1 as multiplier,
        'cash' as pricing,
        positions.currency as price_currency,
    from positions
    anti join holdings using (snapshot_id)
),

everything as (select * from held union all by name select * from emptied),

securities as (
    select
        security_id,
        price_currency,
        (row_number() over (order by min(position_id), security_id, price_currency))::integer as security_key,
    from everything
    group by security_id, price_currency
)

select
    position_id,
    position_start,
    everything.security_id,
    securities.security_key,
    symbol,
    pricing,
    everything.price_currency,
    quantity::decimal(28, 10) as quantity,
    multiplier::decimal(28, 10) as multiplier,
    snapshot_price::decimal(28, 10) as snapshot_price,
    snapshot_value::decimal(28, 10) as snapshot_value,
    cash_price::decimal(28, 10) as cash_price,
from everything
left join securities
    on everything.security_id = securities.security_id
    -- An emptied account may have no currency.
    and everything.price_currency is not distinct from securities.price_currency
