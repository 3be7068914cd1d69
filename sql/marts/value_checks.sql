-- Where our value differs from the provider's own, on the day of the snapshot, with the likely cause:
-- by more than 1 % of the provider's value and by more than one unit of the line's currency. The
-- provider's own is what it says the line is worth, else its quantity x price x multiplier.
-- grain: one row per snapshot and security that differs; the account's whole is `_TOTAL`
-- keys: snapshot_id, security_id
-- nulls: price columns of the whole; amounts in base where no rate is known
-- valuation_date: the day of the snapshot
-- currency: of provider_value
-- market_value: ours, in currency; of the whole, the sum of the provider's own lines
-- provider_value: the provider's
-- ratio: ours over the provider's
-- difference_base: ours less the provider's, in the base currency
-- cause: split, multiplier, percent_of_par, pence, currency: the ratio says so; double_count: it is 2,
-- and another account holds the same, or the whole counts a line twice; dividend_adjusted: our closes
-- are below and drift towards the provider's; stale_mark: the provider has an earlier day's close;
-- intraday: the provider's price lies between that close and the day's; carried_close: our own
-- close is of an earlier day; missing_holdings: the lines fall short of the whole; else unexplained
with

values_daily as (select * from daily_holding_values),
holdings as (select * from stg_holdings),
snapshots as (select * from stg_snapshots),
positions as (select * from int_positions),
position_holdings as (select * from int_position_holdings),
prices as (select * from int_prices),
splits as (select * from stg_splits),
fx_rates as (select * from int_fx_rates_daily),

-- What the provider's unit is worth in ours: 1 in one currency.
lines as (
    select
        values_daily.valuation_date,
        values_daily.account_id,
        values_daily.snapshot_id,
        values_daily.security_id,
        values_daily.quantity,
        values_daily.market_value::double as market_value,
        values_daily.market_value_base::double as market_value_base,
        values_daily.currency as market_currency,
        values_daily.fx_rate::double as market_rate,
        values_daily.close_price::double as close_price,
        values_daily.price_source,
        values_daily.price_date,
        holdings.currency,
        holdings.asset_type,
        coalesce(
            holdings.snapshot_value::double,
            holdings.quantity::double * holdings.snapshot_price::double * holdings.multiplier::double
        ) as provider_value,
        coalesce(
            holdings.snapshot_price::double,
            holdings.snapshot_value::double / nullif(holdings.quantity::double * holdings.multiplier::double, 0)
        ) as provider_price,
    from values_daily
    left join holdings using (snapshot_id, security_id)
    where values_daily.valuation_date = values_daily.snapshot_date
),

rated as (
    select
        lines.*,
        case
            when lines.currency = lines.market_currency then lines.market_rate
            else fx_rates.fx_rate::double
        end as provider_rate,
        case
            when lines.currency = lines.market_currency then lines.market_value
            else lines.market_value_base / fx_rates.fx_rate::double
        end as own_value,
    from lines
    left join fx_rates
        on lines.currency = fx_rates.currency
        and lines.valuation_date = fx_rates.valuation_date
        and lines.currency <> lines.market_currency
),

differing as materialized (
    select
        *,
        own_value / nullif(provider_value, 0) as ratio,
        case when own_value / nullif(provider_value, 0) > 0 then abs(ln(own_value / provider_value)) end as distance,
    from rated
    where abs(own_value - provider_value) > greatest(1, 0.01 * abs(provider_value))
),

-- The closes of the ten days before, beside the provider's price, where that is all that differs.
earlier_closes as (
    select
        differing.snapshot_id,
        differing.security_id,
        bool_or(abs(prices.close::double - differing.provider_price) <= 0.0001 * abs(differing.provider_price))
            as is_stale_mark,
        arg_max(prices.close::double, prices.price_date) as last_close,
    from (
        select
            *,
            unnest(range(1, 11))::integer as days_before,
        from differing
        where
            price_source in ('market', 'mark')
            and abs(close_price / nullif(provider_price, 0) - ratio) <= 0.01 * abs(ratio)
    ) as differing
    inner join prices
        on differing.security_id = prices.security_id
        and differing.valuation_date - differing.days_before = prices.price_date
        and differing.currency = coalesce(prices.currency, differing.currency)
    group by all
),

near_splits as (
    select
        differing.snapshot_id,
        differing.security_id,
    from differing
    inner join splits
        on differing.security_id = splits.security_id
        and differing.valuation_date between splits.split_date - 45 and splits.split_date + 45
    where splits.ratio <> 1 and abs(differing.distance - abs(ln(splits.ratio::double))) < 0.05
    group by all
),

-- A rate of the day, or its inverse, within 1 %; where it is too near 1 nothing could be told.
near_rates as (
    select
        differing.snapshot_id,
        differing.security_id,
    from differing
    inner join fx_rates using (valuation_date)
    inner join fx_rates as own_rates
        on differing.currency = own_rates.currency
        and differing.valuation_date = own_rates.valuation_date
    where
        fx_rates.fx_rate > 0
        and own_rates.fx_rate > 0
        and abs(ln(fx_rates.fx_rate::double / own_rates.fx_rate::double)) > 0.03
        and abs(differing.distance - abs(ln(fx_rates.fx_rate::double / own_rates.fx_rate::double))) < 0.01
    group by all
),

doubled as (select * from differing where ratio between 1.999 and 2.001),

-- A list is looked through at once; joined, all positions would be hashed for the sake of a few.
held_twice as (
    select
        doubled.snapshot_id,
        doubled.security_id,
    from doubled
    inner join positions
        on doubled.account_id <> positions.account_id
        and doubled.valuation_date between positions.position_start and positions.position_end
    inner join (
        select *
        from position_holdings
        where list_contains((select list(distinct security_id) from doubled), security_id)
    ) as held using (position_id, security_id, quantity)
    group by all
),

drifting as (
    select
        account_id,
        security_id,
    from differing
    where price_source = 'market' and ratio between 0.7 and 1
    group by all
    having
        count(*) >= 3
        and max(ratio) - min(ratio) > 0.001
        and corr(ratio, epoch(valuation_date)) > 0.7
),

-- Whole accounts: what their lines come to by the provider's own values, ours where it gives none.
wholes as (
    select
        rated.valuation_date,
        rated.account_id,
        rated.snapshot_id,
        any_value(snapshots.currency) as currency,
        any_value(snapshots.total_value)::double as provider_value,
        any_value(fx_rates.fx_rate)::double as provider_rate,
        sum(coalesce(rated.provider_value * rated.provider_rate, rated.market_value_base))
            / any_value(fx_rates.fx_rate)::double as own_value,
        list(coalesce(rated.provider_value * rated.provider_rate, rated.market_value_base)
            / fx_rates.fx_rate::double) as line_values,
        count(*) filter (where rated.market_value_base is null) as unpriced_count,
    from rated
    inner join snapshots using (snapshot_id) -- each of these lines is of a snapshot
    inner join fx_rates
        on snapshots.currency = fx_rates.currency
        and rated.valuation_date = fx_rates.valuation_date
    where snapshots.total_value is not null
    group by rated.valuation_date, rated.account_id, rated.snapshot_id
),

differing_wholes as (
    select
        *,
        own_value / nullif(provider_value, 0) as ratio,
        own_value - provider_value as excess,
    from wholes
    where unpriced_count = 0 and abs(own_value - provider_value) > greatest(1, 0.01 * abs(provider_value))
),

found as (
    select
        differing.valuation_date,
        differing.account_id,
        differing.snapshot_id,
        differing.security_id,
        differing.currency,
        differing.own_value,
        differing.provider_value,
        differing.provider_rate,
        differing.ratio,
        differing.price_source,
        differing.price_date,
        case
            when near_splits.snapshot_id is not null then 'split'
            when held_twice.snapshot_id is not null then 'double_count'
            when abs(differing.distance - ln(100)) < 0.03 then case
                when differing.asset_type in ('option', 'future') then 'multiplier'
                when differing.asset_type = 'bond' then 'percent_of_par'
                else 'pence'
            end
            when earlier_closes.is_stale_mark then 'stale_mark'
            when list_min(list_transform(
                [1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50],
                lambda step: abs(differing.distance - ln(step))
            )) < 0.02 then 'split'
            when
                (differing.provider_price - earlier_closes.last_close)
                * (differing.provider_price - differing.close_price) <= 0
                then 'intraday'
            when differing.price_source = 'carry_forward' and differing.distance < 0.1 then 'carried_close'
            when near_rates.snapshot_id is not null then 'currency'
            when differing.price_source = 'carry_forward' then 'carried_close'
            when drifting.account_id is not null and differing.ratio between 0.7 and 1 then 'dividend_adjusted'
            else 'unexplained'
        end as cause,
    from differing
    left join near_splits using (snapshot_id, security_id)
    left join held_twice using (snapshot_id, security_id)
    left join earlier_closes using (snapshot_id, security_id)
    left join near_rates using (snapshot_id, security_id)
    left join drifting using (account_id, security_id)
    union all by name
    select
        * exclude (line_values, unpriced_count, excess),
        '_TOTAL' as security_id,
        case
            when ratio between 1.99 and 2.01 then 'double_count'
            when
                list_min(list_transform(line_values, lambda line: abs(line - excess)))
                <= greatest(1, 0.01 * abs(excess))
                then 'double_count'
            when excess < 0 then 'missing_holdings'
            else 'unexplained'
        end as cause,
    from differing_wholes
)

select
    snapshot_id,
    security_id,
    account_id,
    valuation_date,
    currency,
    try_cast(own_value as decimal(28, 2)) as market_value,
    try_cast(provider_value as decimal(28, 2)) as provider_value,
    ratio,
    try_cast((own_value - provider_value) * provider_rate as decimal(18, 2)) as difference_base,
    price_source,
    price_date,
    cause,
from found
