-- What each account gained on each day, apart from what was paid in and out. Gain is the market, currencies,
-- income, fees and new prices of houses; a flow is everything else that net_worth_bridge tells: what was
-- paid in and out, debts paid off or made, accounts that join and leave, values that became known.
-- A transfer between own accounts is a flow of each, and none of the sum.
-- An account that goes on as another hands its value over on that one's first day: the difference between
-- the two is gain. Days between them have its last value, and are incomplete.
-- grain: one row per day and account, from its first day through the day after its last
-- keys: valuation_date, account_id
-- units: the base currency
-- nulls: daily_return where none can be told
-- chain_id: the account as which this one goes on in the end; itself, where nothing was said
-- value: worth at the end of the day; 0 on the day after its last
-- flow: paid in less paid out, at the day's end
-- gain: what value has changed by beyond flow
-- daily_return: gain over the value of the day before; where that was 0, over flow
-- is_incomplete: a holding has no value on this day, got one or lost it, or the day is between two of a chain
with

account_values as (select * from account_values_daily),
bridge as (select * from net_worth_bridge),
chains as (select * from int_account_chains),
days as (select * from int_days),

handed as (
    select
        chains.*,
        account_values.market_value_base as value,
    from chains
    inner join account_values -- only accounts that hand something over
        on chains.account_id = account_values.account_id
        and chains.last_date = account_values.valuation_date
),

-- The household's first day is not in the bridge: what is there then was paid in.
flows as (
    select
        valuation_date,
        account_id,
        contributions + withdrawals + debt_principal + accounts_joined + accounts_left + corrections as flow,
        corrections <> 0 as is_corrected,
    from bridge
    union all
    select
        valuation_date,
        account_id,
        market_value_base as flow,
        false as is_corrected,
    from account_values
    where valuation_date = (select min(days.valuation_date) from days)
),

counted as (
    select
        flows.valuation_date,
        flows.account_id,
        coalesce(account_values.market_value_base, 0) as value,
        coalesce(received.flow, flows.flow) as flow,
        flows.is_corrected or coalesce(account_values.unpriced_count > 0, false) as is_incomplete,
    from flows
    left join account_values using (valuation_date, account_id)
    left join handed on flows.account_id = handed.account_id
    left join (select next_id, handed_on, sum(value) as flow from handed group by all) as received
        on flows.account_id = received.next_id
        and flows.valuation_date = received.handed_on
    where handed.account_id is null or flows.valuation_date <= handed.last_date
    union all
    select
        unnest(generate_series(last_date + 1, handed_on, interval 1 day))::date as valuation_date,
        account_id,
        if(valuation_date < handed_on, value, 0) as value,
        if(valuation_date < handed_on, 0, -value) as flow,
        valuation_date < handed_on as is_incomplete,
    from handed
),

gained as (
    select
        *,
        coalesce(lag(value) over (partition by account_id order by valuation_date), 0) as earlier_value,
        value - earlier_value - flow as gain,
    from counted
)

select
    gained.valuation_date,
    gained.account_id,
    coalesce(chains.chain_id, gained.account_id) as chain_id,
    value::decimal(28, 2) as value,
    flow::decimal(28, 2) as flow,
    gain::decimal(28, 2) as gain,
    case
        when earlier_value > 0 then gain::double / earlier_value::double
        when earlier_value = 0 and gain = 0 then 0
        when earlier_value = 0 and flow > 0 then gain::double / flow::double
    end as daily_return,
    is_incomplete,
from gained
left join chains using (account_id)
