-- Closes that a source has since sent anew with another number, as they were first observed.
-- grain: one row per security, trading day and source
-- keys: security_id, price_date, source
-- quoted_close: the number as it was first sent
-- quoted_currency: the code as it was first sent
with

landed as (select * from raw_closes),

changed as (
    select
        security_id,
        price_date,
        source,
    from landed
    group by all
    having count(*) > 1 and min(close) < max(close)
)

select
    security_id,
    price_date,
    source,
    currency as quoted_currency,
    close as quoted_close,
    basis,
    observed_at,
from landed
semi join changed using (security_id, price_date, source)
qualify row_number() over (
    partition by security_id, price_date, source order by observed_at, landing_id
) = 1
