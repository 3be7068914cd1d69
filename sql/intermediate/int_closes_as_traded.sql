-- One close per security and day, as it was traded: the splits that its source has since taken
-- into account are put back (rule 5).
-- grain: one row per security and trading day through the build's last day
-- keys: security_id, price_date
-- close: price of one unit as traded on price_date, in currency
-- unsplit_close: the same for the units of before the first known split, so that splits do not show;
-- to twenty places, since it is only compared; null from 1e18 on
with

closes as (select * from stg_closes),
security_edits as (select * from stg_security_edits),
split_factors as (select * from int_split_factors),
settings as (select * from build_settings),

several as (
    select
        security_id,
        price_date,
    from closes
    group by all
    having count(*) > 1
),

-- The source set for the security, else yahoo, coingecko, then by name.
chosen as (
    select * from closes anti join several using (security_id, price_date)
    union all
    (
        select closes.*
        from closes
        semi join several using (security_id, price_date)
        left join security_edits using (security_id)
        qualify row_number() over (
            partition by closes.security_id, closes.price_date
            order by
                closes.source is distinct from security_edits.price_source,
                closes.source <> 'yahoo',
                closes.source <> 'coingecko',
                closes.source
        ) = 1
    )
),

dated as (
    select
        chosen.*,
        case
            when chosen.basis = 'split_adjusted'
                then greatest(chosen.price_date, timezone(settings.timezone, chosen.observed_at)::date)
            else chosen.price_date
        end as unit_date, -- the day whose units the source means
    from chosen
    cross join settings
    where chosen.price_date <= settings.through_date
)

select
    dated.security_id,
    dated.price_date,
    dated.source,
    dated.currency,
    case
        when later_splits.factor is null then dated.close
        else times_factor(dated.close, later_splits.factor)
    end as close,
    case
        when known_splits.factor is null then try(dated.close::decimal(38, 20))
        else times_factor_finely(dated.close, known_splits.factor)
    end as unsplit_close,
from dated
left join split_factors as later_splits
    on dated.security_id = later_splits.security_id
    and dated.price_date between later_splits.earlier_from and later_splits.earlier_until
    and dated.unit_date between later_splits.later_from and later_splits.later_until
left join split_factors as known_splits
    on dated.security_id = known_splits.security_id
    and known_splits.earlier_from = '-infinity'
    and dated.unit_date between known_splits.later_from and known_splits.later_until
