"""The queries that fill a summary's sections: all of one build, but for the progress."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

from tenet import lake
from tenet.database import Error, complaint, connect_reading, rows
from tenet.errors import NoBuild, QueryFailed
from tenet.home import published
from tenet.landings import landings
from tenet.summary.answer import Summary

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from tenet.database import Connection
    from tenet.summary.answer import Row

TAIL = 10
"""How many rows of the sync log are shown."""

NET_WORTH = """
select
    now.*,
    now.net_worth - day.net_worth as change_day,
    now.net_worth - month.net_worth as change_month,
    now.net_worth - year.net_worth as change_year,
    (select base_currency from build_info) as currency,
from net_worth_daily as now
left join net_worth_daily as day
    on day.valuation_date = now.valuation_date - 1
left join net_worth_daily as month
    on month.valuation_date = (now.valuation_date - interval 1 month)::date
left join net_worth_daily as year
    on year.valuation_date = (now.valuation_date - interval 1 year)::date
where now.valuation_date = $day
"""
"""Net worth on a day, with its changes since the same day earlier."""

_ACCOUNTS = """
select
    accounts.account_id,
    accounts.name,
    accounts.institution,
    accounts.portfolio,
    accounts.is_active,
    account_values.market_value_base,
    account_values.unpriced_count,
    account_values.snapshot_date,
    sync_status.status,
    sync_status.last_data_at,
from accounts
left join account_values_daily as account_values
    on accounts.account_id = account_values.account_id and valuation_date = $day
left join sync_status on accounts.account_id = sync_status.account_id
order by market_value_base desc nulls last, accounts.account_id
"""

_ALLOCATION = """
select asset_class, market_value_base, weight, target_weight, drift, unpriced_count
from allocation_daily
where valuation_date = $day
    and (market_value_base <> 0 or target_weight > 0 or unpriced_count > 0)
order by market_value_base desc, asset_class
"""

_GAPS = """
select
    (select count(*) from holdings_current where market_value_base is null) as unpriced_count,
    coalesce(
        (select stale_count from net_worth_daily where valuation_date = $day), 0
    ) as stale_count,
    (select count(*) from price_issues) as price_issue_count,
    (select count(*) from sync_status where status = 'quarantined') as quarantined_count,
"""

_PROGRESS = """
with
sessions as (
    select session_id, max(started_at) as started_at from ({sessions}) group by session_id
),
log as (
    from ({log})
    qualify row_number() over (partition by session_id, provider order by landing_id desc) = 1
)
select
    sessions.started_at,
    log.provider,
    log.status,
    log.accounts_synced,
    log.accounts_stale,
    log.accounts_error,
    log.seconds,
    log.errors,
from log
left join sessions using (session_id)
order by started_at desc nulls last, log.provider
limit {tail}
"""


def summary_of(home: Path) -> tuple[Summary, Row]:
    """Every section anew from the published build, and the facts of that build.

    Raises NoBuild, QueryFailed (a damaged build, or one of another version), LakeCorrupt.
    """
    path = published(home)
    if not path.is_file():
        raise NoBuild(home)
    try:
        with closing(connect_reading(path)) as connection:
            (build,) = rows(connection, "from build_info")
            return _summary(connection, build, progress_of(home)), build
    except Error as error:
        raise QueryFailed(complaint(error)) from error


def gaps_of(connection: Connection, day: date) -> Row:
    """What is not known or not used on a build's last day, counted.

    unpriced_count, stale_count: holdings. price_issue_count: prices that are not used.
    quarantined_count: accounts whose last answer contradicts itself.
    """
    (row,) = rows(connection, _GAPS, {"day": day})
    return row


def progress_of(home: Path) -> tuple[Row, ...]:
    """The last rows of the sync log: of the lake, since they may be newer than any build.

    Raises LakeCorrupt.
    """
    newest = (item for item in reversed(landings(home)) if "sync_log" in item.datasets)
    if not (logs := list(islice(newest, TAIL))):
        return ()
    query = _PROGRESS.format(
        sessions=lake.scan("sync_sessions", logs),
        log=lake.scan("sync_log", logs),
        tail=TAIL,
    )
    with lake.reading(home) as connection:
        found = rows(connection, query)
    for row in found:
        row["error"] = _first_error(json.loads(row.pop("errors") or "[]"))
    return tuple(found)


def _summary(connection: Connection, build: Row, progress: tuple[Row, ...]) -> Summary:
    day = {"day": build["through_date"]}
    worth = rows(connection, NET_WORTH, day)
    return Summary(
        status="miss",
        revision=build["revision"],
        through_date=build["through_date"],
        currency=build["base_currency"],
        net_worth=worth[0] if worth else None,
        accounts=tuple(rows(connection, _ACCOUNTS, day)),
        allocation=tuple(rows(connection, _ALLOCATION, day)),
        gaps=gaps_of(connection, build["through_date"]),
        progress=progress,
    )


def _first_error(errors: object) -> str | None:
    """The first message of a log row that is no warning."""
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict) and error.get("category") != "warning":
            return str(error.get("message"))
    return None
