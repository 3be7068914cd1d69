"""What is missing, old, contradicted or changed after the fact, as the gaps notebook shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.charts import resolution

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from tenet.pages.opening import Build
    from tenet.workspace import Workspace

_CALENDAR = """
with
account_days as (
    select
        account_id,
        accounts.name as account_name,
        unnest(generate_series(
            greatest(expected_start, $first::date), least(expected_end, $last::date), interval 1 day
        ))::date as valuation_date,
    from account_coverage
    inner join accounts using (account_id)
),
valued as (
    select account_id, valuation_date, unpriced_count
    from account_values_daily
    where valuation_date between $first and $last
),
silent as (
    select distinct
        account_id,
        unnest(generate_series(first_date, last_date, interval 1 day))::date as valuation_date,
    from gaps
    where kind = 'account_stale'
),
old as (
    select distinct
        account_id,
        unnest(generate_series(first_date, last_date, interval 1 day))::date as valuation_date,
    from holding_gaps
    where kind in ('stale_price', 'fx_missing')
),
judged as (
    select
        account_days.*,
        case
            when valued.account_id is null then 4
            when valued.unpriced_count > 0 then 3
            when old.account_id is not null then 2
            when silent.account_id is not null then 1
            else 0
        end as rank,
    from account_days
    left join valued using (account_id, valuation_date)
    left join old using (account_id, valuation_date)
    left join silent using (account_id, valuation_date)
)
select
    account_name,
    date_trunc($grain, valuation_date)::date as valuation_date,
    ['complete', 'carried', 'stale', 'partial', 'missing'][max(rank) + 1] as status,
from judged
group by account_id, account_name, date_trunc($grain, valuation_date)
order by account_name, valuation_date
"""

_STAKES = """
select kind, sum(value_at_stake) as amount, count(*) as gap_count
from gaps
where is_open or not $only_open
group by kind
"""

_AGES = """
select
    name,
    max(price_age_days) as price_age_days,
    any_value(price_source) as price_source,
    min(price_date) as price_date,
    sum(market_value_base) as market_value_base,
from holdings_current
where security_id not like '\\_CASH:%' escape '\\'
group by name
order by price_age_days desc
limit 200
"""

_ACCOUNTS = """
select
    sync_status.name as account,
    provider,
    data_age_days as days_without_data,
    last_data_at::date as data_of,
    last_attempt_at::date as last_asked,
    coalesce(status, '') as last_sync,
    coalesce(error, '') as error,
from sync_status
where is_active
order by days_without_data desc nulls first, account
"""

_GAPS = """
select
    value_at_stake as value,
    replace(kind, '_', ' ') as kind,
    concat_ws(
        ', ',
        accounts.name,
        case security_id when '_TOTAL' then 'whole account' else security_name end,
        gaps.currency
    ) as about,
    first_date as since,
    days,
    if(is_open, 'still so', 'over') as now,
    detail,
from gaps
left join accounts using (account_id)
order by value desc nulls last, gap_id
"""

_CHECKS = """
select
    accounts.name as account,
    case when security_id = '_TOTAL' then 'whole account' else coalesce(symbol, security_id) end
        as security,
    replace(cause, '_', ' ') as cause,
    max(valuation_date) as last_seen,
    count(*) as snapshots,
    arg_max(market_value, valuation_date) as ours,
    arg_max(provider_value, valuation_date) as theirs,
    arg_max(checks.currency, valuation_date) as currency,
    arg_max(difference_base, valuation_date) as difference,
from value_checks as checks
left join accounts using (account_id)
left join (select distinct security_id, symbol from holdings_current) using (security_id)
group by all
order by abs(difference) desc nulls last, account, security
limit 500
"""

_RESTATED = """
select
    date_trunc($grain, valuation_date)::date as valuation_date,
    cause,
    revision,
    max(restated_at) as restated_at,
    arg_max(moved, abs(moved)) as change,
from (
    select valuation_date, cause, revision, max(restated_at) as restated_at, sum(change) as moved
    from restatements
    group by all
)
group by all
order by abs(change) desc
limit $most
"""


def calendar(workspace: Workspace, first: date, last: date) -> tuple[pl.DataFrame, str]:
    """Each account's days as charts.days_by_status takes them, and their grain.

    complete; carried: no snapshot came when one was due; stale: a price or a rate was old; partial:
    something had no value; missing: no value at all. Over long times the worst of each period.
    """
    count = workspace.sql("select count(*) from accounts").item()
    grain = resolution((last - first).days + 1, count)
    wanted = {"first": first, "last": last, "grain": grain}
    return workspace.sql(_CALENDAR, wanted), grain


def stakes(workspace: Workspace, *, only_open: bool) -> pl.DataFrame:
    """Money at stake by kind of gap: kind, amount (null: unknown), gap_count; base currency.

    An amount that two gaps concern counts in both.
    """
    return workspace.sql(_STAKES, {"only_open": only_open})


def gaps(workspace: Workspace) -> pl.DataFrame:
    """Every gap, the dearest first; value: the money at stake in the base currency."""
    return workspace.sql(_GAPS)


def price_ages(workspace: Workspace) -> pl.DataFrame:
    """The two hundred oldest prices of what is held now, for charts.price_ages."""
    return workspace.sql(_AGES)


def account_ages(workspace: Workspace) -> pl.DataFrame:
    """The open accounts by how long they gave no data, with how their last sync went."""
    return workspace.sql(_ACCOUNTS)


def checks(workspace: Workspace) -> pl.DataFrame:
    """Our value beside the provider's where they differ, a row for account, security and cause.

    ours and theirs are in `currency` and of last_seen, difference is in the base currency.
    """
    return workspace.sql(_CHECKS)


def restated(workspace: Workspace, build: Build) -> pl.DataFrame:
    """Past days that a later build changed, for charts.restatements_over_time.

    A row for each build, day and cause; over long times each period's largest change.
    """
    grain = resolution((build.day - build.first_day).days + 1, 2)
    return workspace.sql(_RESTATED, {"grain": grain, "most": 2000})
