-- Accounts of which the last sync brought nothing but an error, and providers that fail altogether
-- without an account to name.
-- grain: one row per account or provider
-- keys: subject
-- subject: the account_id, or the provider
-- account_id: null for a provider
-- first_date: the local day of the first sync that failed since one went well
-- attempt_count: syncs since then
-- error: why, in the words of the last one
with

account_syncs as (select * from stg_account_syncs),
sync_log as (select * from stg_sync_log),
sessions as (select * from stg_sync_sessions),
accounts as (select * from stg_accounts),
account_edits as (select * from stg_account_edits),
settings as (select * from build_settings),

attempts as (
    select
        account_syncs.account_id as subject,
        account_syncs.account_id,
        accounts.provider,
        sessions.started_at,
        account_syncs.status in ('error', 'failed', 'skipped') as is_failed,
        account_syncs.error,
    from account_syncs
    inner join sessions using (session_id) -- a sync is named by its session
    inner join accounts using (account_id) -- likewise an account
    left join account_edits using (account_id)
    where coalesce(account_edits.is_active, true)
    union all
    select
        sync_log.provider as subject,
        null as account_id,
        sync_log.provider,
        sessions.started_at,
        sync_log.status = 'failed' as is_failed,
        list_filter(
            sync_log.errors::json::json[], lambda error: error ->> 'category' <> 'warning'
        )[1] ->> 'message' as error,
    from sync_log
    inner join sessions using (session_id) -- as above
),

failing as (
    select
        attempts.subject,
        any_value(attempts.account_id) as account_id,
        any_value(attempts.provider) as provider,
        min(timezone(settings.timezone, attempts.started_at)::date) as first_date,
        count(*) as attempt_count,
        arg_max(attempts.error, attempts.started_at) as error,
    from attempts
    cross join settings
    left join (
        select
            subject,
            max(started_at) as last_good_at,
        from attempts
        where not is_failed
        group by subject
    ) as good using (subject)
    where
        attempts.started_at > coalesce(good.last_good_at, '-infinity'::timestamptz)
        and timezone(settings.timezone, attempts.started_at)::date <= settings.through_date
    group by attempts.subject
)

select
    subject,
    account_id,
    provider,
    first_date,
    attempt_count,
    error,
from failing
where account_id is not null
union all
select
    subject,
    account_id,
    provider,
    first_date,
    attempt_count,
    error,
from failing
where
    account_id is null
    and provider not in (select accounts.provider from failing as accounts where accounts.account_id is not null)
