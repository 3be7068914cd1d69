-- How each account's last sync went, and how old its data is.
-- grain: one row per account
-- keys: account_id
-- nulls: attempt columns of an account that no sync ever asked for
-- last_attempt_at: when a sync last asked for it (UTC)
-- status: what became of it then: success, stale, skipped, error, failed or quarantined
-- last_data_at: when it last gave data that count (UTC)
-- last_balance_date: the provider's own as-of of these data (UTC)
-- data_age_days: days from these data to the build's last day
with

accounts as (select * from accounts),
account_syncs as (select * from stg_account_syncs),
sessions as (select * from stg_sync_sessions),
snapshots as (select * from stg_snapshots),
settings as (select * from build_settings),

attempts as (
    select
        account_syncs.*,
        sessions.started_at,
    from account_syncs
    inner join sessions using (session_id) -- a sync is named by its session
    qualify row_number() over (
        partition by account_syncs.account_id order by sessions.started_at desc, account_syncs.session_id desc
    ) = 1
),

data_received as (
    select
        account_id,
        max(observed_at) as last_data_at,
        max(balance_date) as last_balance_date,
    from snapshots
    where status = 'success'
    group by account_id
)

select
    accounts.account_id,
    accounts.provider,
    accounts.name,
    accounts.institution,
    attempts.started_at as last_attempt_at,
    attempts.status,
    attempts.error,
    data_received.last_data_at,
    data_received.last_balance_date,
    settings.through_date - timezone(settings.timezone, data_received.last_data_at)::date as data_age_days,
    accounts.is_active,
from accounts
left join attempts using (account_id)
left join data_received using (account_id)
cross join settings
