-- Every past value that a later build changed, and why: one row for each change of mind.
-- grain: one row per build, day, account and security
-- keys: revision, valuation_date, account_id, security_id
-- nulls: old_value where there was none or it was unknown; new_value likewise
-- revision: the build that changed it
-- restated_at: when that build was made (UTC)
-- old_value: what the build before it said, in the base currency
-- new_value: what this revision says
-- change: new_value less old_value, where an absent or unknown one counts nothing
-- cause: what had changed: damage (the published file was altered), landing_lost, setting, rule
-- (another model), snapshot, edit, split, mark, price or rate; the first that applies
with

landed as (select * from raw_restatements),
values_daily as (select * from daily_holding_values),
account_values as (select * from account_values_daily),
published_values as (select * from published_values),
published_account_values as (select * from published_account_values),
published_info as (select * from published_info),
published_landings as (select * from published_landings),
landings as (select * from build_landings),
this_build as (select * from this_build),
days_made as (select * from days_made),
settings as (select * from build_settings),
holdings as (select * from raw_holdings),
snapshots as (select * from raw_snapshots),
splits as (select * from raw_splits),
closes as (select * from raw_closes),
account_edits as (select * from raw_account_edits),
security_edits as (select * from raw_security_edits),

-- Since the published build, those apart that no value depends on.
new_landings as (
    select landing_id
    from landings
    anti join published_landings using (landing_id)
    where kind not in ('audit', 'plan')
),

lost_landings as (select landing_id from published_landings anti join landings using (landing_id)),

-- Days that were over when the published build was made; another base currency compares with nothing.
comparable as (
    select published_info.through_date
    from published_info
    cross join settings
    where published_info.base_currency = settings.base_currency
),

-- Anew from the published rows: what stands beside them is of before they were altered.
published_days as (
    select
        valuation_date,
        account_id,
        bit_xor(hash(security_id, quantity, close_price, market_value_base)) as rows_hash,
    from published_values
    group by valuation_date, account_id
),

-- Where no day agrees, another version of DuckDB took the hashes; that says nothing of the rows.
damaged_days as (
    select
        valuation_date,
        account_id,
    from published_account_values
    full join published_days using (valuation_date, account_id)
    where published_account_values.rows_hash is distinct from published_days.rows_hash
        and exists (
            select 1
            from published_account_values as whole
            semi join published_days using (valuation_date, account_id, rows_hash)
        )
),

old_days as (
    select
        published_days.valuation_date,
        published_days.account_id,
        published_days.rows_hash,
    from published_days
    cross join comparable
    cross join settings
    where published_days.valuation_date < comparable.through_date
        and published_days.valuation_date <= settings.through_date
),

-- Earlier days than the first made were kept as they were published, and are not shown of it either.
new_days as (
    select
        account_values.valuation_date,
        account_values.account_id,
        account_values.rows_hash,
    from account_values
    cross join comparable
    where account_values.valuation_date < comparable.through_date
        and account_values.valuation_date >= (select first_date from days_made)
),

changed_days as (
    select
        valuation_date,
        account_id,
    from old_days
    full join new_days using (valuation_date, account_id)
    where old_days.rows_hash is distinct from new_days.rows_hash
),

old_values as (
    select *
    from published_values
    semi join changed_days using (valuation_date, account_id)
    where security_id <> '_ZERO_BALANCE'
),

new_values as (
    select *
    from values_daily
    semi join changed_days using (valuation_date, account_id)
    where security_id <> '_ZERO_BALANCE'
),

changed as (
    select
        valuation_date,
        account_id,
        security_id,
        old_values.market_value_base as old_value,
        new_values.market_value_base as new_value,
        coalesce(new_values.snapshot_id, old_values.snapshot_id) as snapshot_id,
        old_values.snapshot_id is distinct from new_values.snapshot_id as has_other_snapshot,
        old_values.quantity is distinct from new_values.quantity as has_other_quantity,
        (old_values.close_price, old_values.price_date, old_values.price_source, old_values.currency)
            is distinct from
            (new_values.close_price, new_values.price_date, new_values.price_source, new_values.currency)
            as has_other_price,
        old_values.fx_rate is distinct from new_values.fx_rate as has_other_rate,
        coalesce('mark' in (old_values.price_source, new_values.price_source), false) as is_marked,
    from old_values
    full join new_values using (valuation_date, account_id, security_id)
    where old_values.market_value_base is distinct from new_values.market_value_base
),

edited_accounts as (select distinct account_id from account_edits semi join new_landings using (landing_id)),

edited_securities as (select distinct security_id from security_edits semi join new_landings using (landing_id)),

new_snapshots as (
    select snapshot_id from snapshots semi join new_landings using (landing_id)
    union
    select snapshot_id from holdings semi join new_landings using (landing_id)
),

split_securities as (select distinct security_id from splits),

newly_split as (select distinct security_id from splits semi join new_landings using (landing_id)),

newly_closed as (select distinct security_id from closes semi join new_landings using (landing_id)),

what_changed as (
    select
        published_info.revision = this_build.revision as is_same_revision,
        (published_info.timezone, published_info.stale_price_days)
            is distinct from (settings.timezone, settings.stale_price_days) as has_other_settings,
        published_info.rules is distinct from this_build.rules as has_other_rules,
        (select count(*) from new_landings) > 0 as has_new_landings,
        (select count(*) from lost_landings) > 0 as has_lost_landings,
    from published_info
    cross join settings
    cross join this_build
),

restated as (
    select
        changed.valuation_date,
        changed.account_id,
        changed.security_id,
        changed.old_value,
        changed.new_value,
        case
            when what_changed.is_same_revision or damaged_days.account_id is not null then 'damage'
            when what_changed.has_lost_landings and not what_changed.has_new_landings then 'landing_lost'
            when what_changed.has_other_settings and not what_changed.has_new_landings then 'setting'
            when what_changed.has_other_rules and not what_changed.has_new_landings then 'rule'
            when new_snapshots.snapshot_id is not null then 'snapshot'
            when changed.has_other_snapshot and edited_accounts.account_id is not null then 'edit'
            when changed.has_other_snapshot and what_changed.has_lost_landings then 'landing_lost'
            when changed.has_other_snapshot then 'snapshot'
            when changed.has_other_quantity and split_securities.security_id is not null then 'split'
            when changed.has_other_quantity then 'snapshot'
            when changed.has_other_price and changed.is_marked then 'mark'
            when changed.has_other_price and newly_split.security_id is not null then 'split'
            when changed.has_other_price and newly_closed.security_id is not null then 'price'
            when changed.has_other_price and edited_securities.security_id is not null then 'edit'
            when changed.has_other_price and what_changed.has_lost_landings then 'landing_lost'
            when changed.has_other_price and what_changed.has_other_settings then 'setting'
            when changed.has_other_price and not what_changed.has_other_rules then 'price'
            when changed.has_other_rate then 'rate'
            else 'rule'
        end as cause,
    from changed
    cross join what_changed
    left join damaged_days using (valuation_date, account_id)
    left join new_snapshots using (snapshot_id)
    left join edited_accounts using (account_id)
    left join edited_securities using (security_id)
    left join split_securities using (security_id)
    left join newly_split using (security_id)
    left join newly_closed using (security_id)
),

everything as (
    select
        revision,
        strptime(left(landing_id, 23), '%Y%m%dT%H%M%S.%fZ') at time zone 'UTC' as restated_at,
        valuation_date,
        account_id,
        security_id,
        old_value,
        new_value,
        cause,
    from landed
    union all
    select
        this_build.revision,
        this_build.built_at as restated_at,
        restated.valuation_date,
        restated.account_id,
        restated.security_id,
        restated.old_value,
        restated.new_value,
        restated.cause,
    from restated
    cross join this_build
),

-- A build that was stopped after it had landed its rows is made again.
once as (
    select *
    from everything
    qualify row_number() over (
        partition by revision, valuation_date, account_id, security_id order by restated_at
    ) = 1
)

select
    revision,
    restated_at,
    valuation_date,
    account_id,
    security_id,
    old_value::decimal(18, 2) as old_value,
    new_value::decimal(18, 2) as new_value,
    (coalesce(new_value, 0) - coalesce(old_value, 0))::decimal(18, 2) as change,
    cause,
from once
window changes as (
    partition by valuation_date, account_id, security_id order by restated_at, revision
)
-- Where more had landed until it was made again, the first try was never published: what comes after
-- starts from the same value as it did.
qualify
    lead(revision) over changes is null
    or lead(old_value::decimal(18, 2)) over changes is distinct from old_value::decimal(18, 2)
