-- What is held in each position, in the units of its days: quantity times, snapshot price over, the
-- splits since the snapshot (rule 3). An emptied account holds its sentinel (rule 2).
-- grain: one row per position and security
-- keys: position_id, security_id
-- security_key: a number for joining, one per security and price_currency
-- nulls: snapshot_price where the provider gave none, or a negative one
-- pricing: how it is priced: cash, synthetic (known to its provider only) or market
-- price_currency: currency of the snapshot price; for cash, the cash's own
with

positions as (select * from int_positions),
holdings as (select * from stg_holdings),
split_factors as (select * from int_split_factors),
cash_tickers as (select * from cash_tickers),

held as (
    select
        positions.position_id,
        holdings.security_id,
        holdings.symbol,
        holdings.multiplier,
        case
            when split_factors.factor is null then holdings.quantity
            else times_factor(holdings.quantity, split_factors.factor)
        end as quantity,
        case
            when holdings.snapshot_price < 0 then null
            when split_factors.factor is null then holdings.snapshot_price
            else over_factor(holdings.snapshot_price, split_factors.factor)
        end as snapshot_price,
        case when positions.snapshot_date = positions.position_start then holdings.snapshot_value end as snapshot_value,
        case
            when holdings.security_id like '\_CASH:%' escape '\' or cash_tickers.currency is not null then 1
            else holdings.cash_price
        end as cash_price,
        case
            when holdings.security_id like '\_CASH:%' escape '\' then 'cash'
            when cash_tickers.security_id is not null then 'cash'
            when holdings.security_id like '\_%' escape '\' then 'synthetic'
            else 'market'
        end as pricing,
        case
            when holdings.security_id like '\_CASH:%' escape '\' then substr(holdings.security_id, 7)
            else coalesce(cash_tickers.currency, holdings.currency)
        end as price_currency,
    from positions
    inner join holdings using (snapshot_id)
    left join cash_tickers using (security_id)
    left join split_factors
        on holdings.security_id = split_factors.security_id
        and positions.snapshot_date between split_factors.earlier_from and split_factors.earlier_until
        and positions.position_start between split_factors.later_from and split_factors.later_until
),

emptied as (
    select
        positions.position_id,
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
        (row_number() over (order by security_id, price_currency))::integer as security_key,
    from (select distinct security_id, price_currency from everything)
)

select
    position_id,
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
