-- Who owns which share of each account, through time. An account without a word of the user is the
-- household's; a text that does not read as shares adding up to 100 % is one name.
-- grain: one row per account, owner and first day
-- keys: account_id, first_date, owner
-- nulls: last_date while it holds
-- first_date: the local day from which it holds; 1900-01-01 before any word
-- last_date: the day through which it held
-- share: the owner's share, 0 to 1
-- share_before: the shares of those named before
-- share_until: that and the own one: rounding at these two lets the parts add up to the cent
with

accounts as (select * from stg_accounts),
edit_days as (select * from stg_account_edit_days),

said as (
    select
        account_id,
        date '1900-01-01' as first_date,
        'household' as owner,
    from accounts
    union all
    select
        account_id,
        greatest(first_date, date '1900-01-02') as first_date,
        coalesce(owner, 'household') as owner,
    from edit_days
),

periods as (
    select
        account_id,
        first_date,
        lead(first_date) over (partition by account_id order by first_date) - 1 as last_date,
        owner as named,
        regexp_extract_all(owner, '\s*([^,%]*[^,%\s])\s+([0-9]+(?:\.[0-9]+)?)\s*%\s*(?:,|$)', 1) as names,
        list_transform(
            regexp_extract_all(owner, '\s*([^,%]*[^,%\s])\s+([0-9]+(?:\.[0-9]+)?)\s*%\s*(?:,|$)', 2),
            lambda text: try_cast(text as decimal(13, 10))
        ) as percents,
        len(string_split(owner, ',')) as name_count,
    from said
),

judged as (
    select
        *,
        name_count = list_count(percents) and name_count = len(list_distinct(names)) and list_sum(percents) = 100
            as is_shared,
    from periods
),

listed as (
    select
        account_id,
        first_date,
        last_date,
        unnest(if(is_shared, names, [named])) as owner,
        unnest(if(is_shared, percents, [100::decimal(13, 10)])) as percent,
        unnest(range(if(is_shared, name_count, 1))) as place,
    from judged
)

select
    account_id,
    first_date,
    owner,
    last_date,
    (percent * 0.01)::decimal(14, 12) as share,
    (sum(percent) over named_so_far * 0.01 - percent * 0.01)::decimal(14, 12) as share_before,
    (sum(percent) over named_so_far * 0.01)::decimal(14, 12) as share_until,
from listed
window named_so_far as (partition by account_id, first_date order by place)
