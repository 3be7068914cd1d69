-- Prices and counts that are not used, or not as they were sent, and why.
-- grain: one row per kind of issue, security, day and source
-- keys: kind, security_id, price_date, source
-- kind: price_not_positive or price_out_of_range (rule 6): not used; dividend_adjusted,
-- mislabelled_unit: mended; currency_changed: used as labelled; split_not_restated,
-- split_applied_twice: every close of that series before the split day is mended;
-- snapshot_price_negative: not used; split_count_late, split_count_early, split_price_late,
-- split_price_early: read in the units of the other side of the split; split_count_unclear: used as
-- sent, though the count stands about as if nothing had split
-- source: the price source, or the snapshot
-- close: the price as it was sent
-- median_before: median of the up to five positive closes before it, splits taken out
-- median_after: the same of the closes after it
with

closes as (select * from int_closes_judged),
split_errors as (select * from int_split_errors),
units as (select * from int_holding_units),
holdings as (select * from stg_holdings),
windows as (select * from int_snapshot_windows),

relabelled as (
    select
        security_id,
        source,
    from closes
    group by all
    having min(currency) <> max(currency)
),

currency_changes as (
    select closes.*
    from closes
    semi join relabelled using (security_id, source)
    qualify closes.currency <> lag(closes.currency) over (
        partition by closes.security_id, closes.source order by closes.price_date
    )
),

found as (
    select
        case when close > 0 then 'price_out_of_range' else 'price_not_positive' end as kind,
        security_id,
        price_date,
        source,
        currency,
        close,
        median_before,
        median_after,
    from closes
    where is_quarantined
    union all by name
    select
        correction as kind,
        security_id,
        price_date,
        source,
        currency,
        sent_close as close,
    from closes
    where correction is not null
    union all by name
    select
        'currency_changed' as kind,
        security_id,
        price_date,
        source,
        currency,
        sent_close as close,
    from currency_changes
    union all by name
    select
        if(times_applied = 0, 'split_not_restated', 'split_applied_twice') as kind,
        security_id,
        split_date as price_date,
        source,
        null as currency,
        any_value(last_close) as close,
    from split_errors
    group by all
    union all by name
    select
        'snapshot_price_negative' as kind,
        holdings.security_id,
        windows.snapshot_date as price_date,
        windows.snapshot_id as source,
        holdings.currency,
        holdings.snapshot_price as close,
    from holdings
    inner join windows using (snapshot_id) -- snapshots that govern no day are not valued
    where holdings.snapshot_price < 0
    union all by name
    select
        units.issue as kind,
        units.security_id,
        windows.snapshot_date as price_date,
        units.snapshot_id as source,
        holdings.currency,
        holdings.snapshot_price as close,
    from units
    inner join windows using (snapshot_id) -- as above
    inner join holdings using (snapshot_id, security_id) -- each of these units is a holding's
)

select
    kind,
    security_id,
    price_date,
    source,
    currency,
    close,
    median_before,
    median_after,
from found
