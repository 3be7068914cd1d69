-- The tax rates that the user assumes: the newest of each bucket.
-- grain: one row per tax bucket that was given a rate
-- keys: tax_bucket
-- rate: a fraction: of the whole value of a deferred account, of the gain in others
with

landed as (select * from raw_tax_rates)

select
    tax_bucket,
    last(rate order by edited_at, landing_id) as rate,
from landed
group by tax_bucket
