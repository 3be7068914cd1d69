-- The household's accounts as people know them.
-- grain: one row per account
-- keys: account_id
-- nulls: snapshot dates of an account that was never synced
-- name: the user's name for it, else the provider's
-- portfolio: the user's label for a group of accounts
-- owner: whose it is: a name, or names with shares such as `Ann 50%, Ben 50%`; household where nothing was said
-- tax_bucket: how it is taxed: cash, taxable, deferred, free, property or debt; the user's word, else what its
-- account type tells by itself, else taxable
-- liquidity: how soon it can be spent: liquid, restricted, illiquid, or debt; the user's word, else its bucket's
-- is_in_allocation: whether it counts in the allocation
-- first_snapshot_date: the local day of its first governing snapshot
-- last_snapshot_date: the local day of its last governing snapshot
with

accounts as (select * from stg_accounts),
account_edits as (select * from stg_account_edits),
windows as (select * from int_snapshot_windows),

typed as (
    select
        accounts.*,
        coalesce(
            account_edits.tax_bucket,
            case
                when lower(account_type) in ('checking', 'savings', 'depository', 'cash', 'bank') then 'cash'
                when
                    lower(account_type) in (
                        'liability', 'loan', 'mortgage', 'credit', 'credit_card', 'line_of_credit'
                    )
                    then 'debt'
                when lower(account_type) in ('property', 'real_asset', 'real_estate', 'vehicle') then 'property'
                when lower(account_type) like 'roth%' or lower(account_type) in ('tfsa', 'isa') then 'free'
                when
                    lower(account_type) like '%ira'
                    or lower(account_type) in ('401k', '403b', '457', 'rrsp', 'pension', 'retirement')
                    then 'deferred'
                else 'taxable'
            end
        ) as tax_bucket,
    from accounts
    left join account_edits using (account_id)
),

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
    coalesce(account_edits.owner, 'household') as owner,
    accounts.tax_bucket,
    coalesce(
        account_edits.liquidity,
        case
            when accounts.tax_bucket in ('cash', 'taxable') then 'liquid'
            when accounts.tax_bucket in ('deferred', 'free') then 'restricted'
            when accounts.tax_bucket = 'property' then 'illiquid'
            else 'debt'
        end
    ) as liquidity,
    coalesce(account_edits.include_in_allocation, true) as is_in_allocation,
from typed as accounts
left join account_edits using (account_id)
left join reach using (account_id)
