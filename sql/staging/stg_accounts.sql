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

landed as (select * from raw_accounts),
minor_units as (select * from minor_units)

select
    landed.account_id,
    coalesce(landed.provider, split_part(landed.account_id, ':', 1)) as provider,
    landed.external_id,
    landed.name,
    landed.institution,
    landed.account_type,
    coalesce(minor_units.major_currency, landed.currency) as currency,
from landed
left join minor_units on landed.currency = minor_units.code
qualify row_number() over (
    partition by landed.account_id order by landed.landing_id desc, landed.session_id desc
) = 1
