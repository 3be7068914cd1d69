-- Runs of days on which a holding has no value, an old price or an old rate.
-- grain: one row per kind, account, security (of a rate: currency) and run of days
-- keys: kind, account_id, subject, first_date
-- apart: account_id
-- kind: unpriced: no price is known, so there is no value; fx_missing: no rate is known, or only one
-- older than the setting stale_price_days; stale_price: the price is older than that, or closes are
-- missing for that long and the provider's own price stands in. Cash has no price that grows old, and
-- neither has what only its provider or its owner can price
-- subject: the security_id; of fx_missing the currency
-- first_date: first day of the run
-- last_date: last day of the run
-- known_date: the day of the price or rate that is used at the end of the run; null without one
-- price_source: where that price comes from
-- snapshot_id: the snapshot that the quantity comes from at the end of the run
-- last_value: what it is worth at the end of the run, in the base currency, debts as positive amounts;
-- null when unknown
with

values_daily as (select * from daily_holding_values),
prices as (select * from int_prices),
settings as (select * from build_settings),

first_prices as (
    select
        security_id,
        min(price_date) as first_price_date,
    from prices
    group by security_id
),

doubtful as (
    select
        values_daily.*,
        settings.stale_price_days,
        first_prices.first_price_date,
    from values_daily
    left join first_prices using (security_id)
    cross join settings
    where
        values_daily.market_value_base is null
        or values_daily.valuation_date - values_daily.price_date > settings.stale_price_days
        or values_daily.valuation_date - values_daily.fx_date > settings.stale_price_days
        or (values_daily.price_source = 'snapshot' and not values_daily.is_provisional)
),

doubts as (
    select
        *,
        unnest([
            case
                when close_price is not null and fx_rate is null then 'fx_missing'
                when market_value_base is null then 'unpriced'
                when valuation_date - fx_date > stale_price_days then 'fx_missing'
            end,
            case
                when security_id like '\_%' escape '\' then null
                when valuation_date - price_date > stale_price_days then 'stale_price'
                -- Closes are there and not used: they are too old (rule 4e).
                when price_source = 'snapshot' and valuation_date > first_price_date then 'stale_price'
            end
        ]) as kind,
    from doubtful
    where security_id <> '_ZERO_BALANCE'
),

-- Days in a row in the window of one snapshot, at one price or rate.
stretches as (
    select
        kind,
        account_id,
        security_id,
        snapshot_id,
        case when kind = 'fx_missing' then currency else security_id end as subject,
        case kind when 'stale_price' then price_date when 'fx_missing' then fx_date end as known_date,
        any_value(price_source) as price_source,
        min(valuation_date) as first_date,
        max(valuation_date) as last_date,
        arg_max(abs(market_value_base), valuation_date) as last_value,
    from doubts
    where kind is not null
    group by kind, account_id, security_id, snapshot_id, subject, known_date
),

-- Securities of one currency end together.
together as (
    select
        kind,
        account_id,
        subject,
        last_date,
        min(first_date) as first_date,
        max(known_date) as known_date,
        any_value(price_source) as price_source,
        any_value(snapshot_id) as snapshot_id,
        sum(last_value) as last_value,
    from stretches
    group by kind, account_id, subject, last_date
),

begun as (
    select
        *,
        coalesce(first_date > 1 + max(last_date) over earlier, true) as is_first,
    from together
    window earlier as (
        partition by kind, account_id, subject order by first_date, last_date
        rows between unbounded preceding and 1 preceding
    )
),

numbered as (
    select
        *,
        count(*) filter (where is_first) over (
            partition by kind, account_id, subject order by first_date, last_date
            rows between unbounded preceding and current row
        ) as run,
    from begun
)

select
    kind,
    account_id,
    subject,
    min(first_date) as first_date,
    max(last_date) as last_date,
    max(known_date) as known_date,
    arg_max(price_source, last_date) as price_source,
    arg_max(snapshot_id, last_date) as snapshot_id,
    arg_max_null(last_value, last_date)::decimal(18, 2) as last_value,
from numbered
group by kind, account_id, subject, run
