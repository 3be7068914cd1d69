-- Why each account is worth more or less than the day before, in parts that add up to the cent.
-- grain: one row per day and account, from the household's second day; the day after an account's last too
-- keys: valuation_date, account_id
-- nulls: none
-- units: the base currency; what makes the household poorer is negative
-- owner: whom the user says the account belongs to, else household
-- change: the account's value less that of the day before; an account that is not there counts 0
-- contributions: units and cash that came and that no other part explains. What came from another account
-- of the household stands under that one's withdrawals: in the sum the two cancel out
-- withdrawals: units and cash that went and that no other part explains, as a negative amount
-- market: prices: of what was held the day before, at that day's end; and of trades, the close against what
-- was paid. It takes the cents of rounding
-- currency_effect: rates into the base currency, on the amounts of the day before
-- income: dividends, interest and distributions that the provider tells
-- fees: fees and taxes that the provider tells, as a negative amount
-- debt_principal: what is owed less, or (negative) more, in its own currency. A payment stands under the
-- withdrawals of the account that it came from
-- revaluation: new prices of a house, a private fund or another thing that is worth what its owner says
-- accounts_joined: the value of an account on its first day
-- accounts_left: the value of an account on its last day, as a negative amount, on the day after
-- corrections: holdings that were there on both days and valued on one of them; a corrected multiplier
-- unpriced_count: holdings without a value in the base currency on this day
with

days as (select * from int_days),
account_values as (select * from account_values_daily),
kind_values as (select * from int_kind_values_daily),
values_moved as (select * from int_values_moved),
activities as (select * from int_activities_explained),
account_edits as (select * from stg_account_edits),
fx_rates as (select * from int_fx_rates_daily),

rate_changes as (
    select
        later.currency,
        later.valuation_date,
        later.fx_rate,
    from fx_rates as later
    inner join fx_rates as earlier
        on later.currency = earlier.currency
        and later.valuation_date = earlier.valuation_date + 1
    where later.fx_rate <> earlier.fx_rate
),

-- The values of the day; against them those of the day before, with what new rates make of them; and
-- what moved.
sides as (
    select
        valuation_date,
        account_id,
        kind,
        market_value_base as difference,
        0 as currency_effect,
        0 as moved,
        0 as corrected,
    from kind_values
    union all
    select
        kind_values.valuation_date + 1 as valuation_date,
        kind_values.account_id,
        kind_values.kind,
        -kind_values.market_value_base as difference,
        coalesce(
            value_in_base(kind_values.market_value, rate_changes.fx_rate) - kind_values.market_value_base, 0
        ) as currency_effect,
        0 as moved,
        0 as corrected,
    from kind_values
    left join rate_changes
        on kind_values.currency = rate_changes.currency
        and kind_values.valuation_date + 1 = rate_changes.valuation_date
    union all
    select
        valuation_date,
        account_id,
        kind,
        0 as difference,
        0 as currency_effect,
        coalesce(moved_base, 0) as moved,
        coalesce(correction_base, 0) as corrected,
    from values_moved
),

by_kind as (
    select
        valuation_date,
        account_id,
        sum(currency_effect) as currency_effect,
        sum(corrected) as corrections,
        sum(moved) filter (where kind <> 'debt') as moved,
        sum(difference - currency_effect - corrected) filter (where kind = 'debt') as owed_less,
        sum(difference - currency_effect - corrected - moved) filter (where kind = 'revalued') as revaluation,
        bool_and(kind = 'debt') as is_debt_only,
    from sides
    group by all
),

steps as (
    select
        coalesce(today.valuation_date, yesterday.valuation_date + 1) as valuation_date,
        coalesce(today.account_id, yesterday.account_id) as account_id,
        coalesce(today.market_value_base, 0) - coalesce(yesterday.market_value_base, 0) as change,
        coalesce(today.unpriced_count, 0) as unpriced_count,
        yesterday.account_id is null as has_joined,
        today.account_id is null as has_left,
    from account_values as today
    full join account_values as yesterday
        on today.account_id = yesterday.account_id
        and today.valuation_date = yesterday.valuation_date + 1
),

parts as (
    select
        steps.*,
        if(has_joined, steps.change, 0) as accounts_joined,
        if(has_left, steps.change, 0) as accounts_left,
        coalesce(by_kind.moved, 0) as moved,
        coalesce(by_kind.owed_less, 0) as owed_less,
        coalesce(by_kind.currency_effect, 0) as currency_effect,
        coalesce(by_kind.revaluation, 0) as revaluation,
        coalesce(by_kind.corrections, 0) as corrections,
        coalesce(activities.income, 0) as income,
        coalesce(activities.fees, 0) as fees,
        coalesce(activities.income + activities.fees + activities.trade_gain, 0) as told,
        coalesce(by_kind.is_debt_only, false) as is_debt_only,
    from steps
    left join by_kind
        on steps.account_id = by_kind.account_id
        and steps.valuation_date = by_kind.valuation_date
        and not (steps.has_joined or steps.has_left)
    left join activities
        on steps.account_id = activities.account_id
        and steps.valuation_date = activities.valuation_date
        and not (steps.has_joined or steps.has_left)
),

-- What activities tell is taken out of what moved; in a loan account, out of what is owed less.
explained as (
    select
        *,
        moved - if(is_debt_only, 0, told) as flow,
        owed_less - if(is_debt_only, told, 0) as debt_principal,
    from parts
)

select
    explained.valuation_date,
    explained.account_id,
    coalesce(account_edits.owner, 'household') as owner,
    change,
    greatest(flow, 0) as contributions,
    least(flow, 0) as withdrawals,
    change - flow - currency_effect - income - fees - debt_principal - revaluation
    - accounts_joined - accounts_left - corrections as market,
    currency_effect,
    income,
    fees,
    debt_principal,
    revaluation,
    accounts_joined,
    accounts_left,
    corrections,
    unpriced_count,
from explained
inner join days as days_before on explained.valuation_date = days_before.valuation_date + 1 -- from the second day
inner join days on explained.valuation_date = days.valuation_date -- through the last day
left join account_edits using (account_id)
