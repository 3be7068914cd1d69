-- The household's accounts as people know them.
-- grain: one row per account
-- keys: account_id
-- nulls: snapshot dates of an account that was never synced
-- name: the user's name for it, else the provider's
-- portfolio: the user's label for a group of accounts
-- first_snapshot_date: the local day of its first governing snapshot
-- last_snapshot_date: the local day of its last governing snapshot
with

accounts as (select * from stg_accounts),
account_edits as (select * from stg_account_edits),
windows as (select * from int_snapshot_windows),

reach as (
    select
        account_id,
        min(snapshot_date) as first_snapshot_date,
        max(snapshot_date) as last_snapshot_date,
    from windows
    group by account_id
)

select
    accounts.account_id,
    reach.first_snapshot_date,
    reach.last_snapshot_date,
    accounts.currency,
    accounts.provider,
    coalesce(account_edits.name, accounts.name, accounts.account_id) as name,
    coalesce(account_edits.institution, accounts.institution) as institution,
    accounts.account_type,
    account_edits.portfolio,
    coalesce(account_edits.is_active, true) as is_active,
    account_edits.deactivated_at,
from accounts
left join account_edits using (account_id)
left join reach using (account_id)
