"""What later builds have said otherwise about the past: a few queries over `restatements`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.errors import NotFound

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from tenet.workspace import Workspace

_CHOSEN = """
with chosen as (
    select restatements.*
    from restatements
    where ($day is null or restated_at::date >= $day)
        and ($revision is null or restated_at > (
            select max(restated_at) from restatements where revision = $revision
        ))
)
"""

_EACH = """
select
    restated_at,
    revision,
    cause,
    account_id,
    security_id,
    valuation_date,
    old_value,
    new_value,
    change,
from chosen
order by restated_at desc, account_id, security_id, valuation_date
"""

# Days that follow each other have one number when their place in the order is taken off.
_RUNS = """
, placed as (
    select
        *,
        valuation_date - (row_number() over (
            partition by revision, cause, account_id, security_id order by valuation_date
        ))::integer as run,
    from chosen
)
select
    restated_at,
    revision,
    cause,
    account_id,
    security_id,
    min(valuation_date) as first_date,
    max(valuation_date) as last_date,
    count(*) as days,
    arg_max(old_value, valuation_date) as old_value,
    arg_max(new_value, valuation_date) as new_value,
    arg_max(change, valuation_date) as change,
    arg_max(change, abs(change)) as largest_change,
from placed
group by restated_at, revision, cause, account_id, security_id, run
order by restated_at desc, abs(largest_change) desc, account_id, security_id, first_date
"""


def restatements(
    workspace: Workspace,
    *,
    since: date | None = None,
    after: str | None = None,
    by_day: bool = False,
) -> pl.DataFrame:
    """Past values that later builds changed, newest build first.

    since: of builds made on that day (UTC) or later. after: of builds later than this revision,
    which must have restated something. by_day: one row a day; else one for each run of days, with
    the values of its last day. Values are in the base currency; `change` counts an absent value as
    nothing. Raises NoBuild, NotFound.
    """
    if after is not None:
        known = workspace.sql("select distinct revision from restatements")["revision"].to_list()
        if after not in known:
            raise NotFound("build that restated anything", after, known)
    query = _CHOSEN + (_EACH if by_day else _RUNS)
    return workspace.sql(query, {"day": since, "revision": after})
