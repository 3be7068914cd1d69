-- What each account held of each security at the end of each day, and what it was worth.
-- grain: one row per day, account and security
-- keys: valuation_date, account_id, security_id
-- apart: valuation_date, account_id
-- nulls: price, value and their dates where unknown; fx columns where no rate is known
-- quantity: signed units held, after every split through this day
-- close_price: price of one unit in currency
-- price_date: the day whose price it is; the age of the price is valuation_date less this
-- price_source: cash, market, mark, carry_forward or snapshot; null when unpriced
-- currency: ISO 4217 code of the price and of market_value
-- fx_rate: base units for one unit of currency
-- fx_date: the day whose rate it is
-- market_value: quantity x price x multiplier, exact to the cent, in currency
-- market_value_base: market_value in the base currency, exact to the cent
-- is_provisional: the provider's own price of today, until today's close is known
with

account_days as (select * from int_account_days),
holdings as (select * from int_position_holdings),
security_days as (select * from int_security_days),
settings as (select * from build_settings),

-- Which price applies: rule 4, first that does.
chosen as (
    select
        account_days.valuation_date,
        account_days.account_id,
        account_days.snapshot_id,
        account_days.snapshot_date,
        holdings.* exclude (position_id, position_start, security_key),
        security_days.* exclude (security_key, valuation_date),
        case
            when holdings.pricing = 'cash' then 'cash'
            when
                holdings.pricing = 'synthetic'
                and holdings.snapshot_price is not null
                and coalesce(security_days.price_date < account_days.snapshot_date, true)
                then 'snapshot'
            when security_days.price_date = account_days.valuation_date then 'close'
            when
                account_days.snapshot_date = settings.through_date
                and account_days.valuation_date = settings.through_date
                and holdings.snapshot_price is not null
                then 'provisional'
            when
                account_days.valuation_date - security_days.price_date > settings.stale_price_days
                and account_days.snapshot_date > security_days.price_date
                and holdings.snapshot_price is not null
                then 'snapshot'
            when security_days.price_date is not null then 'close'
            when holdings.snapshot_price is not null then 'snapshot'
        end as choice,
    from account_days
    inner join holdings using (position_id)
    inner join security_days using (security_key, valuation_date)
    cross join settings
),

priced as (
    select
        *,
        case choice
            when 'close' then close
            when 'cash' then cash_price
            when 'snapshot' then snapshot_price
            when 'provisional' then snapshot_price
        end as close_price,
        case choice
            when 'close' then price_date
            when 'cash' then valuation_date
            when 'snapshot' then snapshot_date
            when 'provisional' then snapshot_date
        end as chosen_price_date,
        case choice
            when 'close' then close_source
            when 'provisional' then 'snapshot'
            else choice
        end as price_source,
        case when choice = 'close' then close_currency else price_currency end as currency,
        case when choice = 'close' then close_fx_rate else held_fx_rate end as fx_rate,
        case when choice = 'close' then close_fx_date else held_fx_date end as fx_date,
        coalesce(choice = 'provisional', false) as is_provisional,
    from chosen
),

valued as (
    select
        *,
        case
            when is_provisional and snapshot_value is not null then try_cast(snapshot_value as decimal(18, 2))
            else value_in_cents(quantity, close_price, multiplier)
        end as market_value,
    from priced
)

select
    valuation_date,
    account_id,
    security_id,
    snapshot_id,
    snapshot_date,
    symbol,
    quantity,
    close_price,
    chosen_price_date as price_date,
    price_source,
    currency,
    multiplier,
    fx_rate,
    fx_date,
    market_value,
    case
        when security_id = '_ZERO_BALANCE' then 0
        when fx_rate = 1 then market_value
        else value_in_base(market_value, fx_rate)
    end::decimal(18, 2) as market_value_base,
    is_provisional,
from valued
