-- Dividends, interest and distributions: as providers tell them, and for units held without such
-- activities, what the security paid: expected, not seen.
-- grain: one row per account and payment
-- keys: account_id, external_id
-- apart: account_id
-- nulls: amount of a dividend whose units are in doubt, since a split came after it; amount_base
-- where no rate is known; security_id of interest on cash
-- external_id: the activity's, or `expected:` with security and ex-date
-- income_date: the day of the activity; of an expected dividend its ex-date
-- type: dividend, interest or distribution
-- amount: paid in currency, before taxes that are activities of their own
-- amount_base: amount in the base currency, at that day's rate
-- is_expected: computed from units held on the day before, not told by the provider
with

activities as (select * from stg_activities),
dividends as (select * from stg_dividends),
splits as (select * from stg_splits),
values_daily as (select * from daily_holding_values),
fx_rates as (select * from int_fx_rates_daily),
settings as (select * from build_settings),

told as (
    select
        activities.account_id,
        activities.external_id,
        activities.activity_date as income_date,
        activities.security_id,
        activities.type,
        activities.currency,
        activities.amount,
        false as is_expected,
    from activities
    cross join settings
    where
        activities.type in ('dividend', 'interest', 'distribution')
        and activities.activity_date <= settings.through_date
),

-- A dividend that a later split may have been worked into, or may not.
doubtful as (
    select distinct
        dividends.security_id,
        dividends.ex_date,
    from dividends
    inner join splits
        on dividends.security_id = splits.security_id
        and splits.split_date > dividends.ex_date
        and splits.split_date <= dividends.observed_at::date
),

held as (
    select
        values_daily.account_id,
        dividends.security_id,
        dividends.ex_date,
        dividends.currency,
        case
            when doubtful.security_id is null
                then value_in_cents(values_daily.quantity, dividends.amount, values_daily.multiplier)
        end as amount,
    from dividends
    inner join values_daily -- a dividend on units that nobody held is no income
        on dividends.security_id = values_daily.security_id
        and values_daily.valuation_date = dividends.ex_date - 1
    inner join settings on dividends.ex_date <= settings.through_date -- later ones are not paid yet
    left join doubtful
        on dividends.security_id = doubtful.security_id
        and dividends.ex_date = doubtful.ex_date
    where values_daily.quantity > 0
),

expected as (
    select
        held.account_id,
        'expected:' || held.security_id || ':' || held.ex_date as external_id,
        held.ex_date as income_date,
        held.security_id,
        'dividend' as type,
        held.currency,
        held.amount,
        true as is_expected,
    from held
    anti join told -- the provider told of it
        on held.account_id = told.account_id
        and held.security_id = told.security_id
        and told.income_date between held.ex_date - 5 and held.ex_date + 60
),

everything as (select * from told union all by name select * from expected),

-- The base currency has its rate on days before the household's first too.
rated as (
    select
        everything.*,
        if(everything.currency = settings.base_currency, 1, fx_rates.fx_rate)::decimal(28, 10) as fx_rate,
    from everything
    cross join settings
    left join fx_rates
        on everything.currency = fx_rates.currency
        and everything.income_date = fx_rates.valuation_date
)

select
    rated.account_id,
    rated.external_id,
    rated.income_date,
    rated.security_id,
    rated.type,
    rated.currency,
    rated.amount,
    rated.fx_rate,
    value_in_base(try_cast(rated.amount as decimal(18, 2)), rated.fx_rate) as amount_base,
    rated.is_expected,
from rated
