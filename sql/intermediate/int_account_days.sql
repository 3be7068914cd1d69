-- Every account on every day that one of its positions covers.
-- grain: one row per account and day
-- keys: account_id, valuation_date
-- apart: account_id
with

positions as (select * from int_positions)

select
    account_id,
    unnest(generate_series(position_start, position_end, interval 1 day))::date as valuation_date,
    position_id,
    snapshot_id,
    snapshot_date,
from positions
