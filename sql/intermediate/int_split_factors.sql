-- What one unit of an earlier day has become on a later day: the product of the splits between.
-- A split counts where earlier day < split_date <= later day. No row: nothing split, the factor is 1.
-- grain: one row per security, span of earlier days and span of later days
-- keys: security_id, earlier_from, later_from
-- factor: later units for one earlier unit, exact
with

splits as (select * from stg_splits),

numbered as (
    select
        security_id,
        split_date,
        ratio,
        row_number() over security_in_order as split_number,
        coalesce(lag(split_date) over security_in_order, '-infinity'::date) as previous_date,
        coalesce(lead(split_date) over security_in_order - 1, 'infinity'::date) as until_date,
    from splits
    window security_in_order as (partition by security_id order by split_date)
)

select
    first_split.security_id,
    first_split.previous_date as earlier_from,
    first_split.split_date - 1 as earlier_until,
    last_split.split_date as later_from,
    last_split.until_date as later_until,
    list_reduce(
        list(splits_between.ratio::decimal(38, 18) order by splits_between.split_number),
        lambda product, ratio: coalesce(
            try((product * ratio::decimal(38, 10))::decimal(38, 18)),
            try((product::double * ratio::double)::decimal(38, 18))
        )
    ) as factor,
from numbered as first_split
inner join numbered as last_split
    on first_split.security_id = last_split.security_id
    and first_split.split_number <= last_split.split_number
inner join numbered as splits_between
    on first_split.security_id = splits_between.security_id
    and splits_between.split_number between first_split.split_number and last_split.split_number
group by all
