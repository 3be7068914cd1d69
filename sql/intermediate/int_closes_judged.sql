-- The price guard: which closes are too far from what stands before and after them (rule 6).
-- grain: one row per security and trading day
-- keys: security_id, price_date
-- nulls: a median without any positive close on its side
-- is_quarantined: the close is not used
-- median_before: median of the up to five positive closes before it, splits taken out
-- median_after: the same of the closes after it
with

closes as (select * from int_closes_as_traded),
holdings as (select * from stg_holdings),
windows as (select * from int_snapshot_windows),
security_edits as (select * from stg_security_edits),

-- Crypto by the user's class, else by what a snapshot that counts says.
crypto as (
    select
        security_id,
        coalesce(security_edits.asset_class = 'Crypto', held.is_crypto) as is_crypto,
    from (
        select
            security_id,
            bool_or(asset_type = 'crypto') as is_crypto,
        from holdings
        semi join windows using (snapshot_id)
        group by security_id
    ) as held
    full join security_edits using (security_id)
),

-- Closes small enough that a hundred times one still fits. The others are quarantined.
usable as (
    select *
    from closes
    where unsplit_close > 0 and unsplit_close < 1e15::decimal(38, 0)
),

-- Where no close is more than 20 times another, none can be out of bounds.
wide as (
    select security_id
    from usable
    group by security_id
    having max(unsplit_close) > 20 * min(unsplit_close)
),

-- Twice the close, so that the mean of two middle closes is exact.
surrounded as (
    select
        security_id,
        price_date,
        2 * unsplit_close as doubled,
        median(2 * unsplit_close) over (in_order rows between 5 preceding and 1 preceding) as doubled_before,
        median(2 * unsplit_close) over (in_order rows between 1 following and 5 following) as doubled_after,
    from usable
    semi join wide using (security_id)
    window in_order as (partition by security_id order by price_date)
),

bounded as (
    select
        surrounded.*,
        case when crypto.is_crypto then 100 else 20 end as bound,
    from surrounded
    left join crypto using (security_id)
)

select
    closes.security_id,
    closes.price_date,
    closes.source,
    closes.currency,
    closes.close,
    closes.sent_close,
    closes.correction,
    closes.split_error,
    (bounded.doubled_before / 2)::decimal(28, 10) as median_before,
    (bounded.doubled_after / 2)::decimal(28, 10) as median_after,
    coalesce(closes.unsplit_close <= 0 or closes.unsplit_close >= 1e15::decimal(38, 0), true)
    or (
        bounded.doubled is not null
        and coalesce(bounded.doubled_before, bounded.doubled_after) is not null
        and coalesce(bounded.bound * bounded.doubled < bounded.doubled_before
            or bounded.doubled > bounded.bound * bounded.doubled_before, true)
        and coalesce(bounded.bound * bounded.doubled < bounded.doubled_after
            or bounded.doubled > bounded.bound * bounded.doubled_after, true)
    ) as is_quarantined,
from closes
left join bounded using (security_id, price_date)
