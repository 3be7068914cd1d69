-- Prices that are not used, or not as they were sent, and why.
-- grain: one row per kind of issue, security, day and source
-- keys: kind, security_id, price_date, source
-- kind: price_not_positive, price_out_of_range (rule 6) or snapshot_price_negative
-- source: the price source, or the snapshot that carried the price
-- close: the price that is not used
-- median_before: median of the up to five positive closes before it, splits taken out
-- median_after: the same of the closes after it
with

closes as (select * from int_closes_judged),
holdings as (select * from stg_holdings),
windows as (select * from int_snapshot_windows)

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
union all
select
    'snapshot_price_negative' as kind,
    holdings.security_id,
    windows.snapshot_date as price_date,
    windows.snapshot_id as source,
    holdings.currency,
    holdings.snapshot_price as close,
    null as median_before,
    null as median_after,
from holdings
inner join windows using (snapshot_id) -- snapshots that govern no day are not valued
where holdings.snapshot_price < 0
