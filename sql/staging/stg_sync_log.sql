-- How each sync went, provider by provider.
-- grain: one row per session and provider
-- keys: session_id, provider
-- status: success, partial or failed
-- errors: what went wrong, a JSON list; warnings stand among it
with

landed as (select * from raw_sync_log)

select
    session_id,
    provider,
    status,
    errors,
from landed
qualify row_number() over (partition by session_id, provider order by landing_id desc) = 1
