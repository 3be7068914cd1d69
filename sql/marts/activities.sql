-- What happened in the household's accounts, as their providers tell it.
-- grain: one row per account and activity
-- keys: account_id, external_id
-- nulls: what the provider did not tell
-- account_name: the account's name for people
-- settlement_date: the day on which it was settled
-- description: the provider's own words
with

activities as (select * from stg_activities),
accounts as (select * from accounts)

select
    activities.account_id,
    activities.external_id,
    activities.activity_date,
    activities.activity_at,
    activities.settlement_date,
    accounts.name as account_name,
    activities.type,
    activities.security_id,
    activities.symbol,
    activities.currency,
    activities.quantity,
    activities.price,
    activities.amount,
    activities.fee,
    activities.description,
from activities
left join accounts using (account_id)
