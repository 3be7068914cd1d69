-- What each owner was worth at the end of each day, shared accounts split to the cent.
-- grain: one row per day and owner, of now or of then, of an account that has a value on that day
-- keys: valuation_date, owner
-- owner: whom the user says an account belongs to, with shares; household where nothing was said
-- net_worth: by the owners as they are now, in the base currency; over all owners it is the household's
-- assets: the positive part of it
-- liabilities: what is owed, as a positive amount
-- account_count: accounts with a share of this owner
-- unpriced_count: holdings in these accounts without a value in the base currency
-- net_worth_then: by the owners as they were on that day
-- assets_then: the positive part of that
-- liabilities_then: what was owed
-- account_count_then: accounts with a share of this owner then
-- unpriced_count_then: the holdings in those without a value in the base currency
with

account_values as (select * from account_values_daily),
shares as (select * from owner_shares),

split as (
    select
        account_values.valuation_date,
        shares.owner,
        shares.last_date is null as is_now,
        account_values.valuation_date >= shares.first_date
        and account_values.valuation_date <= coalesce(shares.last_date, account_values.valuation_date) as is_then,
        split_off(account_values.assets_base, shares.share_before, shares.share_until) as assets,
        split_off(account_values.liabilities_base, shares.share_before, shares.share_until) as liabilities,
        account_values.unpriced_count,
    from account_values
    inner join shares using (account_id) -- every account has an owner on every day
    where is_now or is_then
)

select
    valuation_date,
    owner,
    coalesce(sum(assets - liabilities) filter (where is_now), 0)::decimal(38, 2) as net_worth,
    coalesce(sum(assets) filter (where is_now), 0)::decimal(38, 2) as assets,
    coalesce(sum(liabilities) filter (where is_now), 0)::decimal(38, 2) as liabilities,
    count(*) filter (where is_now) as account_count,
    coalesce(sum(unpriced_count) filter (where is_now), 0)::bigint as unpriced_count,
    coalesce(sum(assets - liabilities) filter (where is_then), 0)::decimal(38, 2) as net_worth_then,
    coalesce(sum(assets) filter (where is_then), 0)::decimal(38, 2) as assets_then,
    coalesce(sum(liabilities) filter (where is_then), 0)::decimal(38, 2) as liabilities_then,
    count(*) filter (where is_then) as account_count_then,
    coalesce(sum(unpriced_count) filter (where is_then), 0)::bigint as unpriced_count_then,
from split
group by valuation_date, owner
