-- Splits that a source has announced and not yet worked into its earlier closes, or worked in twice.
-- Told by the first close since the split against the last one before it: a series that the split
-- was worked into goes on where it was.
-- grain: one row per security, series (source and moment of asking) and split
-- keys: security_id, source, observed_at, split_date
-- times_applied: how often the ratio was worked into the closes before the split: 0 or 2
-- last_close: the last close before the split, in the source's terms
-- first_close: the first close since the split
with

closes as (select * from int_closes_chosen),
splits as (select * from stg_splits),
split_factors as (select * from int_split_factors),

-- In a smaller split the difference would not be told from a day's move.
clear as (
    select *
    from splits
    where ratio >= 1.3 or ratio <= 0.77
),

split_closes as (
    select closes.*
    from closes
    semi join clear using (security_id)
    where closes.close > 0
),

-- In the units of the split day: the later splits, which the source has taken into account, put back.
on_split_day as (
    select
        clear.security_id,
        clear.split_date,
        clear.ratio,
        closes.source,
        closes.observed_at,
        closes.price_date,
        closes.unit_date,
        closes.currency,
        closes.close::double * coalesce(split_factors.factor, 1)::double as close,
        closes.price_date >= clear.split_date as is_after,
    from clear
    inner join split_closes as closes
        on clear.security_id = closes.security_id
        and closes.price_date between clear.split_date - 10 and clear.split_date + 10
    left join split_factors
        on closes.security_id = split_factors.security_id
        and clear.split_date between split_factors.earlier_from and split_factors.earlier_until
        and closes.unit_date between split_factors.later_from and split_factors.later_until
    where closes.basis = 'split_adjusted' and (closes.unit_date >= clear.split_date)
),

after as (
    select
        security_id,
        split_date,
        currency,
        arg_min(close, price_date) as close,
        min(price_date) as price_date,
    from on_split_day
    where is_after
    group by all
),

before as (
    select
        security_id,
        split_date,
        currency,
        source,
        observed_at,
        any_value(ratio) as ratio,
        any_value(unit_date) as unit_date,
        arg_max(close, price_date) as close,
        max(price_date) as price_date,
    from on_split_day
    where not is_after
    group by all
),

-- Splits without a close between them are worked in together.
compared as (
    select
        before.*,
        after.close as first_close,
        product(splits.ratio::double) as all_ratios,
    from before
    inner join after using (security_id, split_date, currency)
    inner join splits -- the split itself is among them
        on before.security_id = splits.security_id
        and splits.split_date > before.price_date
        and splits.split_date <= least(after.price_date, before.unit_date)
    where after.price_date - before.price_date <= 10
    group by all
),

judged as (
    select
        *,
        -- 0 when the series goes on, -1 when it falls by the ratio, 1 when it rises by it.
        ln(first_close / close) / ln(all_ratios) as steps,
    from compared
    where all_ratios >= 1.3 or all_ratios <= 0.77
)

select
    security_id,
    source,
    observed_at,
    split_date,
    case when steps < 0 then 0 else 2 end as times_applied,
    ratio,
    close::decimal(28, 10) as last_close,
    first_close::decimal(28, 10) as first_close,
from judged
where abs(steps) between 0.6 and 1.4
