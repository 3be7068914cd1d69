-- Holdings as reported in snapshots, in major currency units.
-- grain: one row per snapshot and security
-- keys: snapshot_id, security_id
-- security_id: upper-cased symbol, `_CASH:<CCY>`, or a synthetic id for what has no symbol
-- symbol: the symbol as the provider wrote it
-- quantity: signed units held
-- snapshot_price: the provider's own price of one unit
-- snapshot_value: the provider's own value of the line
-- multiplier: units of the underlying in one unit (100 for most options), else 1
-- cost_basis: what was paid for the whole line
-- cash_price: what one unit is worth if it is cash: 1, or 0.01 for cash counted in pence
with

landed as (select * from raw_holdings),
minor_units as (select * from minor_units),

repeated as (
    select
        snapshot_id,
        security_id,
    from landed
    group by all
    having count(*) > 1
),

-- The newest landing of each row. Only rows that were landed again need to be put in order.
newest as (
    select * from landed anti join repeated using (snapshot_id, security_id)
    union all
    (
        select *
        from landed semi join repeated using (snapshot_id, security_id)
        qualify row_number() over (partition by snapshot_id, security_id order by landing_id desc) = 1
    )
),

in_major_units as (
    select
        newest.* exclude (currency, snapshot_price, snapshot_value, cost_basis),
        coalesce(minor_units.major_currency, newest.currency) as currency,
        coalesce(minor_units.major_per_minor, 1)::decimal(10, 4) as scale,
        in_major(newest.snapshot_price, minor_units.major_per_minor) as snapshot_price,
        in_major(newest.snapshot_value, minor_units.major_per_minor) as snapshot_value,
        in_major(newest.cost_basis, minor_units.major_per_minor) as cost_basis,
    from newest
    left join minor_units on newest.currency = minor_units.code
    where newest.security_id <> '_ZERO_BALANCE'
)

select
    snapshot_id,
    security_id,
    account_id,
    symbol,
    name,
    currency,
    quantity,
    snapshot_price,
    snapshot_value,
    coalesce(multiplier, 1)::decimal(28, 10) as multiplier,
    cost_basis,
    asset_type,
    scale as cash_price,
from in_major_units
