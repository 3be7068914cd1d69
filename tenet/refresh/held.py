"""What is held: what a sync added to it, and whose holdings a backfill is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet import lake
from tenet.database import connect_reading, rows
from tenet.edits import find_account
from tenet.errors import NotFound
from tenet.home import published
from tenet.prices import needed

if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from datetime import date
    from pathlib import Path

    from tenet.settings import Settings

Spans = dict[tuple[str, str], tuple["date", "date"]]
"""By security and currency: the first and the last day on which prices and rates count."""

_SPANS = """
select security_id, currency, min(first_date) as first_date, max(last_date) as last_date,
from held_lines
group by security_id, currency
"""

_HELD = """
select distinct security_id
from daily_holding_values
where valuation_date between $first and $last
    and ($accounts is null or list_contains($accounts, account_id))
order by security_id
"""

_PORTFOLIOS = """
with labels as (
    select
        account_id,
        last(portfolio order by edited_at, landing_id)
            filter (where portfolio is not null) as label,
    from raw_account_edits
    group by account_id
)
select distinct account_id, coalesce(labels.label, 'unassigned') as portfolio,
from raw_accounts
left join labels using (account_id)
"""


def spans(settings: Settings, through: date) -> Spans:
    """What the landings say is held, and when. through: the last day to value."""
    with lake.reading(settings.home, *needed.READS) as connection:
        needed.look(connection, needed.Days(settings.timezone, through))
        return {
            (row["security_id"], row["currency"]): (row["first_date"], row["last_date"])
            for row in rows(connection, _SPANS)
        }


def newly_held(before: Spans, after: Spans) -> list[str]:
    """The securities (and cash) that need prices or rates of days that were not needed before."""
    return sorted(
        {
            key[0]
            for key, (first, last) in after.items()
            if key not in before or first < before[key][0] or last > before[key][1]
        }
    )


def held_in(home: Path, first: date, last: date, accounts: Set[str] | None) -> list[str]:
    """The securities that accounts (None: all) held on a day of a range, by the published build."""
    connection = connect_reading(published(home))
    try:
        parameters = {
            "first": first,
            "last": last,
            "accounts": None if accounts is None else sorted(accounts),
        }
        return [row["security_id"] for row in rows(connection, _HELD, parameters)]
    finally:
        connection.close()


def accounts_of(home: Path, account: str | None, portfolio: str | None) -> Set[str] | None:
    """The ids of one account (by id or name) or of a portfolio's; None for all.

    Raises NotFound.
    """
    if account is not None:
        return {find_account(home, account)["account_id"]}
    if portfolio is None:
        return None
    with lake.reading(home, "accounts", "account_edits") as connection:
        labels: Mapping[str, str] = {
            row["account_id"]: row["portfolio"] for row in rows(connection, _PORTFOLIOS)
        }
    if portfolio not in labels.values():
        raise NotFound("portfolio", portfolio, set(labels.values()))
    return {account_id for account_id, label in labels.items() if label == portfolio}
