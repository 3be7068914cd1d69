-- The user's edits of accounts: for each column the newest value given.
-- grain: one row per edited account
-- keys: account_id
-- nulls: a column that the user never set
-- is_active: false when the user closed the account here
-- deactivated_at: when the account was closed (UTC)
-- portfolio: the user's label for a group of accounts
-- superseded_by: the account as which this one goes on
-- owner: whose account it is: a name, or names with shares such as `Ann 50%, Ben 50%`
-- tax_bucket: how it is taxed: cash, taxable, deferred, free, property or debt
-- liquidity: how soon it can be spent: liquid, restricted or illiquid
-- lot_method: which lots a sale takes: fifo, the oldest first, or hifo, the dearest
-- include_in_allocation: whether it counts in the allocation
with

landed as (select * from raw_account_edits)

select
    account_id,
    last(name order by edited_at, landing_id) filter (where name is not null) as name,
    last(institution order by edited_at, landing_id) filter (where institution is not null) as institution,
    coalesce(last(active order by edited_at, landing_id) filter (where active is not null), true) as is_active,
    last(deactivated_at order by edited_at, landing_id) filter (where deactivated_at is not null) as deactivated_at,
    last(portfolio order by edited_at, landing_id) filter (where portfolio is not null) as portfolio,
    last(superseded_by order by edited_at, landing_id) filter (where superseded_by is not null) as superseded_by,
    nullif(trim(last(owner order by edited_at, landing_id) filter (where owner is not null)), '') as owner,
    last(tax_bucket order by edited_at, landing_id) filter (where tax_bucket is not null) as tax_bucket,
    last(liquidity order by edited_at, landing_id) filter (where liquidity is not null) as liquidity,
    last(lot_method order by edited_at, landing_id) filter (where lot_method is not null) as lot_method,
    coalesce(
        last(include_in_allocation order by edited_at, landing_id) filter (where include_in_allocation is not null),
        true
    ) as include_in_allocation,
from landed
group by account_id
