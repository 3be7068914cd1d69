-- One close per security and day, as it was traded: the splits that its source has since taken
-- into account are put back (rule 5), as often as it took them into account.
-- grain: one row per security and trading day through the build's last day
-- keys: security_id, price_date
-- close: price of one unit as traded on price_date, in currency
-- unsplit_close: the same for the units of before the first known split, so that splits do not show;
-- to twenty places, since it is only compared; null from 1e18 on
-- split_error: split_not_restated or split_applied_twice; null for the usual
with

closes as (select * from int_closes_chosen),
splits as (select * from stg_splits),
split_errors as (select * from int_split_errors),
split_factors as (select * from int_split_factors),

-- The splits of the few closes that a split was worked into wrongly, one by one.
mistaken as (
    select
        closes.security_id,
        closes.price_date,
        list_reduce(
            list_prepend(
                1::decimal(38, 18),
                list(case split_errors.times_applied
                    when 0 then 1
                    when 2 then splits.ratio::decimal(38, 10) * splits.ratio
                    else splits.ratio
                end::decimal(38, 18))
            ),
            lambda product, ratio: coalesce(
                try((product * ratio::decimal(38, 10))::decimal(38, 18)),
                try((product::double * ratio::double)::decimal(38, 18))
            )
        ) as factor,
        case
            when max(split_errors.times_applied) = 2 then 'split_applied_twice'
            else 'split_not_restated'
        end as split_error,
    from closes
    semi join split_errors using (security_id, source, observed_at)
    inner join splits -- a close that no split was worked into cannot be mistaken
        on closes.security_id = splits.security_id
        and closes.price_date < splits.split_date
        and closes.unit_date >= splits.split_date
    left join split_errors
        on closes.security_id = split_errors.security_id
        and closes.source = split_errors.source
        and closes.observed_at = split_errors.observed_at
        and splits.split_date = split_errors.split_date
    where closes.basis = 'split_adjusted'
    group by all
    having count(split_errors.times_applied) > 0
)

select
    closes.security_id,
    closes.price_date,
    closes.source,
    closes.currency,
    case
        when mistaken.factor is not null then times_factor(closes.close, mistaken.factor)
        when later_splits.factor is null then closes.close
        else times_factor(closes.close, later_splits.factor)
    end as close,
    case
        when mistaken.factor is not null
            then times_factor_finely(
                times_factor(closes.close, mistaken.factor), coalesce(earlier_splits.factor, 1)
            )
        when known_splits.factor is null then try(closes.close::decimal(38, 20))
        else times_factor_finely(closes.close, known_splits.factor)
    end as unsplit_close,
    closes.sent_close,
    closes.correction,
    mistaken.split_error,
from closes
left join mistaken using (security_id, price_date)
left join split_factors as later_splits
    on closes.security_id = later_splits.security_id
    and closes.price_date between later_splits.earlier_from and later_splits.earlier_until
    and closes.unit_date between later_splits.later_from and later_splits.later_until
left join split_factors as known_splits
    on closes.security_id = known_splits.security_id
    and known_splits.earlier_from = '-infinity'
    and closes.unit_date between known_splits.later_from and known_splits.later_until
left join split_factors as earlier_splits
    on closes.security_id = earlier_splits.security_id
    and mistaken.factor is not null
    and earlier_splits.earlier_from = '-infinity'
    and closes.price_date between earlier_splits.later_from and earlier_splits.later_until
