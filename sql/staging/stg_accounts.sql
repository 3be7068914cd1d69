-- Accounts as last landed.
-- grain: one row per account
-- keys: account_id
-- account_id: `<provider>:<external id>`, the account's natural key
-- provider: where the account comes from, lower case
-- external_id: the provider's own id of the account
-- name: the account's name as its provider gave it
-- institution: the bank or broker that keeps the account
-- account_type: the provider's word for what kind of account it is
with

landed as (select * from raw_accounts)

select
    account_id,
    coalesce(provider, split_part(account_id, ':', 1)) as provider,
    external_id,
    name,
    institution,
    account_type,
    currency,
from landed
qualify row_number() over (partition by account_id order by landing_id desc, session_id desc) = 1
