-- The user's edits of accounts: for each column the newest value given.
-- grain: one row per edited account
-- keys: account_id
-- nulls: a column that the user never set
-- is_active: false when the user closed the account here
-- deactivated_at: when the account was closed (UTC)
-- portfolio: the user's label for a group of accounts
-- owner: whose account it is, in the user's words
with

landed as (select * from raw_account_edits)

select
    account_id,
    last(name order by edited_at, landing_id) filter (where name is not null) as name,
    last(institution order by edited_at, landing_id) filter (where institution is not null) as institution,
    coalesce(last(active order by edited_at, landing_id) filter (where active is not null), true) as is_active,
    last(deactivated_at order by edited_at, landing_id) filter (where deactivated_at is not null) as deactivated_at,
    last(portfolio order by edited_at, landing_id) filter (where portfolio is not null) as portfolio,
    last(owner order by edited_at, landing_id) filter (where owner is not null) as owner,
from landed
group by account_id
