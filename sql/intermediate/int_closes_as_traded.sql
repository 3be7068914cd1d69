-- One close per security and day, as it was traded: the splits that its source has since taken
-- into account are put back (rule 5).
-- grain: one row per security and trading day through the build's last day
-- keys: security_id, price_date
-- close: price of one unit as traded on price_date, in currency
-- unsplit_close: the same for the units of before the first known split, so that splits do not show
with

closes as (select * from stg_closes),
security_edits as (select * from stg_security_edits),
split_factors as (select * from int_split_factors),
settings as (select * from build_settings),

-- The source set for the security, else yahoo, coingecko, then by name.
chosen as (
    select
        closes.*,
        timezone(settings.timezone, closes.observed_at)::date as observed_date,
    from closes
    cross join settings
    left join security_edits using (security_id)
    where closes.price_date <= settings.through_date
    qualify row_number() over (
        partition by closes.security_id, closes.price_date
        order by
            closes.source is distinct from security_edits.price_source,
            closes.source <> 'yahoo',
            closes.source <> 'coingecko',
            closes.source
    ) = 1
),

as_traded as (
    select
        chosen.security_id,
        chosen.price_date,
        chosen.source,
        chosen.currency,
        case
            when later_splits.factor is null then chosen.close
            else times_factor(chosen.close, later_splits.factor)
        end as close,
    from chosen
    left join split_factors as later_splits
        on chosen.basis = 'split_adjusted'
        and chosen.security_id = later_splits.security_id
        and chosen.price_date between later_splits.earlier_from and later_splits.earlier_until
        and chosen.observed_date between later_splits.later_from and later_splits.later_until
)

select
    as_traded.security_id,
    as_traded.price_date,
    as_traded.source,
    as_traded.currency,
    as_traded.close,
    case
        when earlier_splits.factor is null then as_traded.close
        else times_factor(as_traded.close, earlier_splits.factor)
    end as unsplit_close,
from as_traded
left join split_factors as earlier_splits
    on as_traded.security_id = earlier_splits.security_id
    and earlier_splits.earlier_from = '-infinity'
    and as_traded.price_date between earlier_splits.later_from and earlier_splits.later_until
