-- The rate into the base currency on every day, carried forward only (rule 7): the direct pair, else
-- the inverse, else by way of the euro. A currency has no row for days before its first rate.
-- grain: one row per currency and day
-- keys: currency, valuation_date
-- fx_rate: base units for one unit of currency
-- fx_date: the day whose rate it is; of two legs the older
with

days as (select * from int_days),
quotes as (select * from int_fx_quotes),
settings as (select * from build_settings),

pairs as (
    select distinct
        quotes.currency,
        quotes.quote_currency,
    from quotes
    cross join settings
    where quotes.quote_currency in (settings.base_currency, 'EUR') and quotes.currency <> quotes.quote_currency
),

pair_days as (
    select
        pairs.currency,
        pairs.quote_currency,
        days.valuation_date,
    from pairs
    cross join days
),

carried as (
    select
        pair_days.currency,
        pair_days.quote_currency,
        pair_days.valuation_date,
        coalesce(direct.rate, inverse.rate) as rate,
        case when direct.rate is null then inverse.rate_date else direct.rate_date end as rate_date,
    from pair_days
    asof left join (select * from quotes where not is_inverse) as direct
        on pair_days.currency = direct.currency
        and pair_days.quote_currency = direct.quote_currency
        and pair_days.valuation_date >= direct.rate_date
    asof left join (select * from quotes where is_inverse) as inverse
        on pair_days.currency = inverse.currency
        and pair_days.quote_currency = inverse.quote_currency
        and pair_days.valuation_date >= inverse.rate_date
),

candidates as (
    select
        carried.currency,
        carried.valuation_date,
        carried.rate as fx_rate,
        carried.rate_date as fx_date,
        1 as preference,
    from carried
    inner join settings on carried.quote_currency = settings.base_currency
    where carried.rate is not null
    union all
    select
        to_euro.currency,
        to_euro.valuation_date,
        try((to_euro.rate * from_euro.rate::decimal(38, 10))::decimal(28, 10)) as fx_rate,
        least(to_euro.rate_date, from_euro.rate_date) as fx_date,
        2 as preference,
    from carried as to_euro
    inner join carried as from_euro
        on to_euro.quote_currency = 'EUR'
        and from_euro.currency = 'EUR'
        and to_euro.valuation_date = from_euro.valuation_date
    inner join settings on from_euro.quote_currency = settings.base_currency
    where to_euro.rate is not null and from_euro.rate is not null
    union all
    select
        settings.base_currency as currency,
        days.valuation_date,
        1::decimal(28, 10) as fx_rate,
        days.valuation_date as fx_date,
        0 as preference,
    from days
    cross join settings
)

select
    currency,
    valuation_date,
    fx_rate,
    fx_date,
from candidates
qualify row_number() over (partition by currency, valuation_date order by preference) = 1
