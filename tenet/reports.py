"""What the command line says about a build: a few plain queries over the marts."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from tenet import status
from tenet.errors import DayTooEarly
from tenet.home import last_syncs
from tenet.summary.sections import NET_WORTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from tenet.prices.report import PricesReport
    from tenet.refresh.note import Note
    from tenet.refresh.report import RefreshReport
    from tenet.sync.run import SyncReport
    from tenet.workspace import Workspace

Row = dict[str, Any]

_BY_ACCOUNTS = """
    select
        {0},
        sum(market_value_base) as market_value_base,
        count(*) as account_count,
        sum(unpriced_count)::bigint as unpriced_count,
    from account_values_daily
    inner join accounts using (account_id)
    where valuation_date = $day
    group by {0}
    order by market_value_base desc, {0}
"""

_BY = {
    "account": """
        select
            account_id,
            account_name,
            sum(market_value_base) as market_value_base,
            max(snapshot_date) as snapshot_date,
            count(*) filter (where market_value_base is null) as unpriced_count,
        from daily_holding_values
        left join (select account_id, name as account_name from accounts) using (account_id)
        where valuation_date = $day
        group by all
        order by market_value_base desc nulls last, account_id
    """,
    "portfolio": """
        select
            portfolio,
            total_value,
            cash_value,
            holdings_value,
            account_count,
            unpriced_count,
        from portfolio_values_daily
        where valuation_date = $day
        order by total_value desc, portfolio
    """,
    "owner": """
        select
            owner,
            net_worth{then} as net_worth,
            assets{then} as assets,
            liabilities{then} as liabilities,
            unpriced_count{then} as unpriced_count,
        from owner_values_daily
        where valuation_date = $day and account_count{then} > 0
        order by net_worth desc, owner
    """,
    "class": """
        select
            asset_class,
            sum(market_value_base{then}) as market_value_base,
            sum(unpriced_count{then})::bigint as unpriced_count,
        from account_allocation_daily
        where valuation_date = $day
        group by asset_class
        having sum(market_value_base{then}) <> 0 or sum(unpriced_count{then}) > 0
        order by market_value_base desc, asset_class
    """,
    "tax-bucket": _BY_ACCOUNTS.format("tax_bucket"),
    "liquidity": _BY_ACCOUNTS.format("liquidity"),
    "currency": """
        select
            currency,
            sum(market_value) as market_value,
            sum(market_value_base) as market_value_base,
            count(*) filter (where market_value_base is null) as unpriced_count,
        from daily_holding_values
        where valuation_date = $day and security_id <> '_ZERO_BALANCE'
        group by currency
        order by market_value_base desc nulls last, currency
    """,
}

_ACCOUNTS = """
select
    accounts.account_id,
    accounts.provider,
    accounts.name,
    accounts.is_active,
    sync_status.error,
    account_values_daily.snapshot_date as last_snapshot_date,
from accounts
left join sync_status using (account_id)
left join account_values_daily
    on accounts.account_id = account_values_daily.account_id
    and account_values_daily.valuation_date = $day
where account_values_daily.snapshot_date is not null or accounts.last_snapshot_date is null
"""

_GROWTH = """
with
earlier as (
    select account_id, market_value_base as value
    from account_values_daily
    where valuation_date = $first
),
later as (
    select account_id, market_value_base as value
    from account_values_daily
    where valuation_date = $last
)
select
    $first::date as first_date,
    $last::date as last_date,
    coalesce(sum(later.value), 0) - coalesce(sum(earlier.value), 0) as change,
    coalesce(sum(later.value) filter (where earlier.account_id is null), 0) as joined,
    count(*) filter (where earlier.account_id is null) as joined_count,
    coalesce(sum(earlier.value) filter (where later.account_id is null), 0) as left_out,
    count(*) filter (where later.account_id is null) as left_count,
    coalesce(sum(earlier.value) filter (where later.account_id is not null), 0) as comparable_first,
    coalesce(sum(later.value) filter (where earlier.account_id is not null), 0) as comparable_last,
from earlier
full join later using (account_id)
"""

# Per span of net_worth: what new accounts are worth, less what those that are gone were worth.
_JOINED = """
with
spans as (
    select 'day' as span, $day::date - 1 as first
    union all
    select 'month', ($day::date - interval 1 month)::date
    union all
    select 'year', ($day::date - interval 1 year)::date
),
earlier as (
    select span, account_id, market_value_base as value
    from spans
    inner join account_values_daily on first = valuation_date
),
later as (
    select span, account_id, market_value_base as value
    from spans
    inner join account_values_daily on $day = valuation_date
)
select
    span,
    coalesce(sum(later.value) filter (where earlier.account_id is null), 0)
    - coalesce(sum(earlier.value) filter (where later.account_id is null), 0) as joined,
from earlier
full join later using (span, account_id)
group by span
"""

_CAUSES = """
select cause, count(distinct valuation_date)
from restatements
where revision = $revision
group by cause
order by 2 desc, cause
"""


def net_worth(workspace: Workspace, day: date | None = None) -> Row:
    """Net worth on a day (default: the build's last) with its changes and coverage.

    change_day, change_month, change_year: against the same day earlier; None where there is none.
    joined_day and so on: the part of it that came with accounts that were not there then, less what
    went with those that are no longer there; None likewise.
    Raises NoBuild, DayTooEarly.
    """
    day = day or _last_day(workspace)
    rows = workspace.sql(NET_WORTH, {"day": day}).to_dicts()
    if not rows:
        raise _too_early(workspace, day)
    joined = dict(workspace.sql(_JOINED, {"day": day}).rows())
    return rows[0] | {
        f"joined_{span}": None if rows[0][f"change_{span}"] is None else joined.get(span)
        for span in ("day", "month", "year")
    }


def comparable_growth(workspace: Workspace, first: date, last: date) -> Row:
    """How the net worth of two days compares by the accounts that were there on both alone.

    change = comparable_change + joined - left_out. joined: what the accounts of the last day alone
    are worth on it; left_out: what those of the first day alone were worth on that; joined_count,
    left_count: how many they are. comparable_change: of the accounts of both days, from
    comparable_first to comparable_last; comparable_growth: it as a fraction of the former, None
    where that is not above zero. What was paid into those accounts counts as growth.
    Raises NoBuild, DayTooEarly.
    """
    query = "select valuation_date from net_worth_daily where valuation_date in ($first, $last)"
    known = workspace.sql(query, {"first": first, "last": last})["valuation_date"].to_list()
    for day in (first, last):
        if day not in known:
            raise _too_early(workspace, day)
    (row,) = workspace.sql(_GROWTH, {"first": first, "last": last}).to_dicts()
    change, before = row["comparable_last"] - row["comparable_first"], row["comparable_first"]
    growth = float(change / before) if before > 0 else None
    return row | {"comparable_change": change, "comparable_growth": growth}


def stale_accounts(workspace: Workspace, day: date | None = None) -> list[Row]:
    """The accounts whose data were old on a day (default: the build's last): see tenet.status."""
    day = day or _last_day(workspace)
    accounts = workspace.sql(_ACCOUNTS, {"day": day}).to_dicts()
    stale_days = workspace.sql("select stale_price_days from build_info").item()
    return status.stale_accounts(accounts, day, stale_days=stale_days)


def net_worth_by(
    workspace: Workspace, dimension: str, day: date | None = None, *, as_then: bool = False
) -> pl.DataFrame:
    """Net worth on a day by account, owner, class, portfolio, currency, tax-bucket or liquidity.

    Largest first. An owner has the share of each account, a class that of each fund.

    as_then: owners and classes as they were on that day, not as they are now.
    """
    query = _BY[dimension].replace("{then}", "_then" if as_then else "")
    return workspace.sql(query, {"day": day or _last_day(workspace)})


def net_worth_history(workspace: Workspace, day: date | None = None) -> pl.DataFrame:
    """The rows of net_worth_daily through a day, oldest first."""
    query = "select * from net_worth_daily where valuation_date <= $day order by valuation_date"
    return workspace.sql(query, {"day": day or _last_day(workspace)})


def _too_early(workspace: Workspace, day: date) -> DayTooEarly:
    return DayTooEarly(day, workspace.sql("select min(valuation_date) from net_worth_daily").item())


def _last_day(workspace: Workspace) -> date:
    day = workspace.sql("select through_date from build_info").item()
    assert isinstance(day, date)
    return day


def refreshed(workspace: Workspace, report: RefreshReport) -> Row:
    """What a refresh or a backfill found and did, as data.

    net_worth: as of `net_worth`; None without a build, or without any value. since: against the
    refresh before: refreshed_at, valuation_date, net_worth, change (None between two currencies).
    accounts: how many have which sync status, and those that are not well, with the reason.
    stale_accounts: see tenet.status. prices: rows new in the lake by dataset, and symbols
    that no source knows or prices. restated: past days with another net worth than before, the
    largest change and its day, and days by cause. failures: what, message, hint.
    """
    has_value = report.found is not None and report.found.through in report.found.net_worth
    now = net_worth(workspace) if has_value else None
    return {
        "exit_code": report.exit_code,
        "is_built": report.is_built,
        "net_worth": now,
        "since": _since(now, report.last),
        "accounts": _synced(report.synced, last_syncs(workspace.home)),
        "stale_accounts": status.stale_by_files(status.status(workspace.home), report.through),
        "prices": _priced(report.prices),
        "restated": _restated(workspace, report),
        "failures": [asdict(failure) for failure in report.failures],
        "seconds": {step.step: round(step.seconds, 3) for step in report.steps},
    }


def _since(now: Row | None, last: Note | None) -> Row | None:
    """Against the refresh before; None without one, or when that one looked at a later day."""
    if now is None or last is None or now["valuation_date"] < last.valuation_date:
        return None
    is_same = now["currency"] == last.currency
    return {
        "refreshed_at": last.refreshed_at,
        "valuation_date": last.valuation_date,
        "net_worth": last.net_worth,
        "currency": last.currency,
        "change": now["net_worth"] - last.net_worth if is_same else None,
    }


def _synced(report: SyncReport | None, known: Sequence[Row]) -> Row | None:
    if report is None:
        return None
    names = {row["account_id"]: row["name"] for row in known}
    verdicts = [one for provider in report.providers for one in provider.verdicts]
    return {
        "counts": dict(sorted(Counter(one.status for one in verdicts).items())),
        "failing": [
            {
                "account_id": one.account_id,
                "name": names.get(one.account_id) or one.account_id,
                "status": one.status,
                "error": one.error,
            }
            for one in verdicts
            if one.status not in ("success", "stale")
        ],
    }


def _priced(reports: Sequence[PricesReport]) -> Row:
    sources = [source for report in reports for source in report.sources]
    landed: Counter[str] = Counter()
    for source in sources:
        landed.update(source.landed)
    unpriced = {name for report in reports for name in report.without_source}
    return {
        "asked": sum(source.asked for source in sources),
        "landed": dict(sorted(landed.items())),
        "unknown": sorted({one.security_id for source in sources for one in source.unknown}),
        "empty": sorted({one.security_id for source in sources for one in source.empty}),
        "without_source": sorted(unpriced),
    }


def _restated(workspace: Workspace, report: RefreshReport) -> Row | None:
    if report.restated is None or report.found is None:
        return None
    causes = {}
    if report.restated.day_count:
        found = workspace.sql(_CAUSES, {"revision": report.found.revision})
        causes = dict(found.rows())
    return {**asdict(report.restated), "causes": causes}
