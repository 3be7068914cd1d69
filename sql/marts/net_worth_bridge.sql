-- Why each account is worth more or less than the day before, in parts that add up to the cent.
-- What was paid in or out is what no other part explains. A transfer between two accounts of the household
-- is a withdrawal of one and a contribution to the other: in the sum they cancel out.
-- grain: one row per day and account, from the household's second day through the day after its last
-- keys: valuation_date, account_id
-- apart: account_id
-- units: the base currency; what makes the household poorer is negative
-- nulls: none
-- owner: whom the user says the account belongs to, else household
-- change: the account's value less that of the day before; an account that is not there counts 0
-- contributions: cash and units that came and no other part explains, own transfers among them
-- withdrawals: cash and units that went and no other part explains, own transfers among them; negative
-- market: prices of what was held, of trades the close against what was paid, and the cents of rounding
-- currency_effect: what new rates into the base currency make of the amounts of the day before
-- income: dividends, interest and distributions, as the provider tells them
-- fees: fees and taxes, as the provider tells them; negative
-- debt_principal: what is owed less or (negative) more; a payment is a withdrawal where it was paid from
-- revaluation: new prices of a house, a private fund, or what else is worth what its owner says
-- accounts_joined: what an account was worth on its first day
-- accounts_left: what an account was worth on its last day, negative, on the day after
-- corrections: what was held on both days and valued on one of them only, or had its multiplier corrected
-- unpriced_count: holdings without a value in the base currency on this day
with

days as (select * from int_days),
account_values as (select * from account_values_daily),
kind_values as (select * from account_kind_values_daily),
moves as (select * from holding_moves),
activities as (select * from int_activities_dated),
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

-- The values of the day; against them those of the day before, with what new rates make of these; and what
-- moved.
sides as (
    select
        valuation_date,
        account_id,
        kind,
        market_value_base as difference,
        0 as currency_effect,
        0 as moved,
        0 as corrected,
        0 as trade_gain,
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
        0 as trade_gain,
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
        moved,
        corrected,
        trade_gain,
    from moves
),

by_kind as (
    select
        valuation_date,
        account_id,
        sum(currency_effect) as currency_effect,
        sum(corrected) as corrections,
        sum(trade_gain) filter (where kind <> 'debt') as trade_gain,
        sum(moved) filter (where kind <> 'debt') as moved,
        sum(difference - currency_effect - corrected) filter (where kind = 'debt') as owed_less,
        sum(difference - currency_effect - corrected - moved + trade_gain) filter (where kind = 'revalued')
            as revaluation,
        bool_and(kind = 'debt') as is_debt_only,
    from sides
    group by all
),

told as (
    select
        valuation_date,
        account_id,
        sum(case when type in ('dividend', 'interest', 'distribution') then amount_base end) as income,
        sum(
            case
                when type in ('fee', 'tax') then coalesce(amount_base, -fee_base)
                when type not in ('dividend', 'interest', 'distribution') then -fee_base
            end
        ) as fees,
    from activities
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
        coalesce(by_kind.trade_gain, 0) as trade_gain,
        coalesce(told.income, 0) as income,
        coalesce(told.fees, 0) as fees,
        coalesce(by_kind.is_debt_only, false) as is_debt_only,
    from steps
    left join by_kind
        on steps.account_id = by_kind.account_id
        and steps.valuation_date = by_kind.valuation_date
        and not (steps.has_joined or steps.has_left)
    left join told
        on steps.account_id = told.account_id
        and steps.valuation_date = told.valuation_date
        and not (steps.has_joined or steps.has_left)
),

-- What activities tell is taken out of what moved; in a loan account, out of what is owed less.
explained as (
    select
        *,
        moved - trade_gain - if(is_debt_only, 0, income + fees) as flow,
        owed_less - if(is_debt_only, income + fees, 0) as debt_principal,
    from parts
)

select
    explained.valuation_date,
    explained.account_id,
    coalesce(account_edits.owner, 'household') as owner,
    change,
    greatest(flow, 0)::decimal(28, 2) as contributions,
    least(flow, 0)::decimal(28, 2) as withdrawals,
    (
        change - flow - currency_effect - income - fees - debt_principal - revaluation
        - accounts_joined - accounts_left - corrections
    )::decimal(28, 2) as market,
    currency_effect,
    income,
    fees,
    debt_principal,
    revaluation::decimal(28, 2) as revaluation,
    accounts_joined,
    accounts_left,
    corrections,
    unpriced_count,
from explained
inner join days as days_before on explained.valuation_date = days_before.valuation_date + 1 -- from the second day
inner join days on explained.valuation_date = days.valuation_date -- through the last day
left join account_edits using (account_id)
