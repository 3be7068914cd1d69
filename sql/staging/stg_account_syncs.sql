-- What became of each account in each sync.
-- grain: one row per session and account
-- keys: session_id, account_id
-- nulls: error where all went well; balance_date where the provider gave none
-- session_id: the sync, named by its start (UTC)
-- status: success, stale, skipped, error, failed or quarantined
-- error: why it is not a success, in words
-- balance_date: the provider's own as-of (UTC)
with

landed as (select * from raw_account_syncs)

select
    session_id,
    account_id,
    status,
    error,
    balance_date,
from landed
qualify row_number() over (partition by session_id, account_id order by landing_id desc) = 1
