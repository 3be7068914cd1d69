-- The calendar spine: every day from the first successful snapshot through the build's last day.
-- grain: one row per local calendar day
-- keys: valuation_date
-- valuation_date: the local calendar day at whose end the value stands, that day included
with

windows as (select * from int_snapshot_windows),
settings as (select * from build_settings),

reach as (
    select
        (select min(windows.window_start) from windows) as first_date,
        settings.through_date as last_date,
    from settings
)

select unnest(generate_series(first_date, last_date, interval 1 day))::date as valuation_date
from reach
where first_date is not null
