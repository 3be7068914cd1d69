-- Days on which a holding has a value in the base currency and had none the day before, or the reverse.
-- grain: one row per such day, account and security
-- keys: valuation_date, account_id, security_id
with

values_daily as (select * from daily_holding_values),

unpriced as (
    select
        account_id,
        security_id,
        valuation_date,
    from values_daily
    where market_value_base is null
),

with_days_after as (
    select * from unpriced
    union all
    select * replace (valuation_date + 1 as valuation_date) from unpriced
)

-- The first day of each stretch without a value, and the day after its last.
select
    valuation_date,
    account_id,
    security_id,
from with_days_after
group by all
having count(*) = 1
