-- Syncs as they ran.
-- grain: one row per sync
-- keys: session_id
-- started_at: when the sync began (UTC)
-- is_complete: at least one account synced, or was stale without an error
with

landed as (select * from raw_sync_sessions)

select
    session_id,
    started_at,
    finished_at,
    is_complete,
from landed
qualify row_number() over (partition by session_id order by landing_id desc) = 1
