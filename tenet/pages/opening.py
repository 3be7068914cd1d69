"""The build that a page is of: what it says on top, and whether there is a newer one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenet.errors import NoBuild
from tenet.home import last_build
from tenet.reports import stale_accounts
from tenet.wording import counted, money

if TYPE_CHECKING:
    from datetime import date, datetime

    from tenet.workspace import Workspace

Row = dict[str, Any]

NOTHING = """There is nothing to show yet.
`tenet refresh` brings what your providers know, `tenet import DIR` a folder of files,
`tenet demo` an invented family."""

NEWER = "**A newer build is published.** What is shown is of the one above."

_BUILD = """
select
    revision,
    built_at,
    through_date,
    base_currency,
    stale_price_days,
    (select min(valuation_date) from net_worth_daily) as first_date,
from build_info
"""

_AGES = """
select stale_count, unpriced_count, snapshot_quarantines
from net_worth_daily
cross join (
    select count(*) as snapshot_quarantines
    from gaps
    where kind = 'snapshot_quarantined' and is_open
)
where valuation_date = $day
"""


@dataclass(frozen=True)
class Build:
    """A published build that has values. day: its last one; first_day: that of the first value."""

    revision: str
    built_at: datetime
    day: date
    first_day: date
    currency: str
    stale_days: int


def opened(workspace: Workspace) -> Build | None:
    """The build published now; None when there is none yet, or nothing in it."""
    try:
        (row,) = workspace.sql(_BUILD).to_dicts()
    except NoBuild:
        return None
    if row["first_date"] is None:
        return None
    return Build(
        revision=row["revision"],
        built_at=row["built_at"],
        day=row["through_date"],
        first_day=row["first_date"],
        currency=row["base_currency"],
        stale_days=row["stale_price_days"],
    )


def is_outdated(workspace: Workspace, build: Build) -> bool:
    """Whether another build has been published since; opens no database."""
    last = last_build(workspace.home)
    shown = (build.revision, str(build.day))
    return last is not None and (last["revision"], last["through_date"]) != shown


def freshness(workspace: Workspace, build: Build) -> str:
    """In Markdown: of which day and build the page is, and which data of it are old."""
    at = f"{build.built_at.astimezone():%Y-%m-%d %H:%M}"
    lines = [f"At the end of **{build.day}**. Build `{build.revision}` of {at}."]
    (found,) = workspace.sql(_AGES, {"day": build.day}).to_dicts()
    troubles = [
        (found["stale_count"], "price", f"older than {build.stale_days} days"),
        (found["unpriced_count"], "holding", "without a value, not in the sums"),
        (found["snapshot_quarantines"], "answer", "in quarantine"),
    ]
    said = [f"{counted(count, thing)} {what}" for count, thing, what in troubles if count]
    said += [f"no fresh data of {row['name']}" for row in stale_accounts(workspace, build.day)]
    if said:
        lines.append(f"Look at `tenet notebook gaps`: {'; '.join(said)}.")
    return "  \n".join(lines)


def worth_told(worth: Row, *, incognito: bool) -> str:
    """Net worth of tenet.reports, in Markdown, with what is owned and what is owed."""
    if incognito:
        return "# Net worth\n amounts are hidden"
    total = money(worth["net_worth"], worth["currency"])
    owned, owed = money(worth["assets"]), money(worth["liabilities"])
    return f"# {total}\nowned {owned}, owed {owed}, of it in cash {money(worth['cash'])}"
