-- Which asset class each holding counts as, and which rule says so. The first that applies: a debt is Debt;
-- the user's class for the account; the weights of a fund (what they lack of 1 goes on to the next rules);
-- the user's class for the security; what the asset type tells by itself; else unclassified.
-- A fund by itself tells nothing of what is in it.
-- grain: one row per account, security, first day, and class
-- keys: account_id, security_id, first_date, asset_class
-- nulls: last_date while it holds
-- first_date: the local day from which it holds; 1900-01-01 before any word of the user
-- last_date: the day through which it held
-- is_current: whether it holds now
-- asset_class: the class; Debt is left out of the allocation
-- rule: debt, account, look_through, security, detected or unclassified
-- weight: the share of the holding that counts as this class, 0 to 1
-- weight_before: the weights of the holding's classes before this one in the alphabet
-- weight_until: that and the own one: rounding at these two lets the parts add up to the cent
with

holdings as (select * from stg_holdings),
kinds as (select * from int_holding_kinds),
account_edits as (select * from stg_account_edit_days),
security_edits as (select * from stg_security_edit_days),
cash_tickers as (select * from cash_tickers),

held as (select distinct account_id, security_id from holdings),

detected as (
    select
        holdings.security_id,
        case
            when
                holdings.security_id like '\_CASH:%' escape '\'
                or any_value(cash_tickers.security_id) is not null
                or bool_or(asset_type in ('cash', 'money_market'))
                then 'Cash'
            when bool_or(asset_type = 'crypto') then 'Crypto'
            when bool_or(asset_type = 'equity') then 'Stocks'
            when bool_or(asset_type = 'bond') then 'Bonds'
            when bool_or(asset_type = 'real_asset') then 'Real assets'
        end as asset_class,
    from holdings
    left join cash_tickers using (security_id)
    group by holdings.security_id
),

days as (
    select account_id, security_id, date '1900-01-01' as first_date from held
    union
    select held.account_id, held.security_id, account_edits.first_date
    from held
    inner join account_edits using (account_id) -- only the days of edits
    union
    select held.account_id, held.security_id, security_edits.first_date
    from held
    inner join security_edits using (security_id) -- only the days of edits
),

judged as (
    select
        days.account_id,
        days.security_id,
        days.first_date,
        case
            when kinds.kind = 'debt' then 'Debt'
            else coalesce(
                account_edits.asset_class, security_edits.asset_class, detected.asset_class, 'unclassified'
            )
        end as asset_class,
        case
            when kinds.kind = 'debt' then 'debt'
            when account_edits.asset_class is not null then 'account'
            when security_edits.asset_class is not null then 'security'
            when detected.asset_class is not null then 'detected'
            else 'unclassified'
        end as rule,
        if(rule in ('debt', 'account'), null, security_edits.weights) as weights,
        list_sum(list_transform(weights, lambda part: part.weight)) as weight_sum,
    from days
    inner join detected using (security_id) -- of every security held
    left join kinds
        on days.account_id = kinds.account_id
        and days.security_id = kinds.security_id
        and kinds.kind = 'debt'
    asof left join account_edits
        on days.account_id = account_edits.account_id
        and days.first_date >= account_edits.first_date
    asof left join security_edits
        on days.security_id = security_edits.security_id
        and days.first_date >= security_edits.first_date
),

changes as (
    select *
    from judged
    qualify
        (asset_class, rule, weights)
        is distinct from lag((asset_class, rule, weights)) over (partition by account_id, security_id order by first_date)
),

periods as (
    select
        *,
        lead(first_date) over (partition by account_id, security_id order by first_date) - 1 as last_date,
    from changes
),

parts as (
    select
        account_id,
        security_id,
        first_date,
        last_date,
        asset_class,
        rule,
        if(weights is null, 1, 1 - weight_sum)::decimal(28, 10) as weight,
    from periods
    where weights is null or weight_sum < 1
    union all
    select
        account_id,
        security_id,
        first_date,
        last_date,
        part.asset_class,
        'look_through' as rule,
        (part.weight / greatest(weight_sum, 1))::decimal(28, 10) as weight,
    from (select *, unnest(weights) as part from periods)
),

classes as (
    select
        account_id,
        security_id,
        first_date,
        asset_class,
        any_value(last_date) as last_date,
        if(bool_or(rule = 'look_through'), 'look_through', any_value(rule)) as rule,
        sum(weight)::decimal(12, 10) as weight,
    from parts
    group by account_id, security_id, first_date, asset_class
)

select
    account_id,
    security_id,
    first_date,
    asset_class,
    last_date,
    last_date is null as is_current,
    rule,
    weight,
    (sum(weight) over so_far - weight)::decimal(12, 10) as weight_before,
    if(
        lead(weight) over so_far is null, 1, sum(weight) over so_far
    )::decimal(12, 10) as weight_until,
from classes
window so_far as (partition by account_id, security_id, first_date order by asset_class)
