-- What the household gained on each day, apart from what was paid in and out: the sums of account_returns.
-- On a day on which an account and the one that it goes on as are both there, the first is left out.
-- grain: one row per day from the first snapshot of any account
-- keys: valuation_date
-- units: the base currency
-- value: worth at the end of the day
-- flow: paid in less paid out, at the day's end; transfers between own accounts are none
-- incomplete_count: accounts of which the day is not wholly known
with

account_returns as (select * from account_returns),

summed as (
    select
        valuation_date,
        sum(value) as value,
        sum(flow) as flow,
        sum(gain) as gain,
        count(*) filter (where is_incomplete) as incomplete_count,
    from account_returns
    group by valuation_date
)

select
    valuation_date,
    value::decimal(28, 2) as value,
    flow::decimal(28, 2) as flow,
    gain::decimal(28, 2) as gain,
    case
        when value - flow - gain > 0 then gain::double / (value - flow - gain)::double
        when value - flow - gain = 0 and gain = 0 then 0
        when value - flow - gain = 0 and flow > 0 then gain::double / flow::double
    end as daily_return,
    incomplete_count,
from summed
