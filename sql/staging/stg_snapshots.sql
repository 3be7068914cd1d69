-- Snapshots: one answer of a provider about one account.
-- grain: one row per snapshot
-- keys: snapshot_id
-- snapshot_id: the snapshot that the quantity comes from
-- observed_at: when the sync ran (UTC)
-- balance_date: the provider's own as-of (UTC)
-- status: success, failed or quarantined; only a success is valued
-- currency: ISO 4217 code of the amounts beside it; minor units have become their major currency
with

landed as (select * from raw_snapshots),
minor_units as (select * from minor_units)

select
    landed.snapshot_id,
    landed.account_id,
    landed.session_id,
    landed.observed_at,
    landed.balance_date,
    coalesce(minor_units.major_currency, landed.currency) as currency,
    in_major(landed.total_value, minor_units.major_per_minor) as total_value,
    landed.status,
from landed
left join minor_units on landed.currency = minor_units.code
qualify row_number() over (
    partition by landed.snapshot_id order by landed.observed_at desc, landed.landing_id desc
) = 1
