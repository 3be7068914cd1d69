-- What happened in accounts: trades, dividends, transfers, fees; in major currency units.
-- grain: one row per account and activity
-- keys: account_id, external_id
-- external_id: the provider's own id of the activity
-- activity_date: the day on which it happened, as the provider tells it
-- activity_at: the moment, where the provider tells it (UTC)
-- type: buy, sell, dividend, interest, fee, deposit, ...
-- security_id: what it concerns, as in holdings; null for cash alone
-- symbol: the symbol as the provider wrote it
-- quantity: units, negative for a sale
-- price: of one unit
-- amount: the cash effect, in is positive
-- fee: positive
with

landed as (select * from raw_activities),
minor_units as (select * from minor_units),

in_major_units as (
    select
        landed.* exclude (currency, price, amount, fee),
        coalesce(minor_units.major_currency, landed.currency) as currency,
        in_major(landed.price, minor_units.major_per_minor) as price,
        in_major(landed.amount, minor_units.major_per_minor) as amount,
        in_major(landed.fee, minor_units.major_per_minor) as fee,
    from landed
    left join minor_units on landed.currency = minor_units.code
)

select
    account_id,
    external_id,
    activity_date,
    activity_at,
    settlement_date,
    type,
    symbol,
    security_id,
    currency,
    quantity,
    price,
    amount,
    fee,
    description,
from in_major_units
qualify row_number() over (partition by account_id, external_id order by landing_id desc) = 1
