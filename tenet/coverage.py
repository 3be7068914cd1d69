"""How complete the published build is: per account, and gap by gap, the dearest first.

What was lost from the published file since it was built (tenet.verification) counts as lacking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.errors import NoBuild, NotFound
from tenet.home import published

if TYPE_CHECKING:
    from tenet.verification import Damage
    from tenet.workspace import Workspace

Row = dict[str, Any]

KINDS = (
    *("missing", "partial", "damaged", "unreadable", "unpriced", "fx_missing", "stale_price"),
    *("price_quarantined", "snapshot_quarantined", "account_stale", "provider_error"),
    *("value_mismatch", "lot_mismatch"),
)
"""The kinds of the mart `gaps`, and of what is no longer as it was built: damaged, unreadable."""

_ACCOUNT = "select account_id, name from accounts order by account_id"

_COVERAGE = """
with
lines as (
    select
        account_id,
        valuation_date,
        count(*) as row_count,
        count(*) filter (where market_value_base is null) as unpriced_count,
    from daily_holding_values
    group by all
),
recorded as (from build_checks where table_name = 'daily_holding_values'),
days as (
    select
        account_id,
        unnest(generate_series(expected_start, expected_end, interval 1 day))::date
            as valuation_date,
    from account_coverage
),
judged as (
    select
        days.*,
        lines.account_id is null as is_missing,
        lines.unpriced_count > 0 or lines.row_count < recorded.row_count as is_partial,
    from days
    left join lines using (account_id, valuation_date)
    left join recorded using (account_id, valuation_date)
),
found as (
    select
        account_id,
        count(*) filter (where not is_missing) as actual_days,
        count(*) filter (where is_missing) as missing_days,
        list(valuation_date order by valuation_date) filter (where is_missing) as missing_dates,
        count(*) filter (where is_partial) as partial_days,
        list(valuation_date order by valuation_date) filter (where is_partial) as partial_dates,
    from judged
    group by account_id
),
stale as (
    select
        holding_gaps.account_id,
        list({'security_id': subject, 'price_date': known_date} order by known_date, subject)
            as prices,
    from holding_gaps
    cross join build_info
    inner join (
        select account_id, max(valuation_date) as last_date from account_values_daily group by all
    ) using (account_id, last_date)
    where kind = 'stale_price' and last_date - known_date > stale_price_days
    group by holding_gaps.account_id
)
select
    accounts.account_id,
    accounts.name,
    expected_start,
    expected_end,
    expected_days,
    coalesce(found.actual_days, 0) as actual_days,
    coalesce(found.missing_days, 0) as missing_days,
    coalesce(found.missing_dates[:100], []) as missing_dates,
    coalesce(found.partial_days, 0) as partial_days,
    coalesce(found.partial_dates[:100], []) as partial_dates,
    coalesce(stale.prices, []) as stale_prices,
    usual_days,
    longest_carried_days,
    longest_carried_from,
    silent_days,
    checked_count,
    mismatch_count,
from account_coverage
inner join accounts using (account_id)
left join found using (account_id)
left join stale using (account_id)
where $account_id is null or account_id = $account_id
order by account_id
"""

_GAPS = """
select
    gaps.*,
    accounts.name as account_name,
from gaps
left join accounts using (account_id)
where
    ($kind is null or kind = $kind)
    and (
        $account_id is null
        or gaps.account_id = $account_id
        or (gaps.account_id is null and exists (
            from daily_holding_values as held
            where held.account_id = $account_id
                and held.security_id = gaps.security_id
                and held.valuation_date = gaps.last_date
        ))
    )
order by value_at_stake desc nulls last, gap_id
"""

_WORTH = """
select assets_base + liabilities_base
from account_values_daily
where account_id = $account_id and valuation_date = $day
"""


def find_account(workspace: Workspace, wanted: str) -> str:
    """The id of the account of that id or name. Raises NotFound when none or several have it."""
    rows = workspace.sql(_ACCOUNT).to_dicts()
    named = [
        row["account_id"]
        for row in rows
        if wanted == row["account_id"] or wanted.casefold() == str(row["name"]).casefold()
    ]
    if len(named) != 1:
        raise NotFound("account", wanted, [row["account_id"] for row in rows])
    return str(named[0])


def coverage(workspace: Workspace, account_id: str | None = None) -> list[Row]:
    """How complete each account is, counted anew in the published file; by account id.

    As the mart `account_coverage`, and missing_dates and partial_dates (the first hundred of each)
    and stale_prices: security_id and price_date of prices that are old on the account's last day.
    """
    return workspace.sql(_COVERAGE, {"account_id": account_id}).to_dicts()


def gaps(
    workspace: Workspace,
    damage: list[Damage],
    *,
    account_id: str | None = None,
    kind: str | None = None,
) -> list[Row]:
    """The rows of the mart `gaps` and what is damaged, by the money at stake, unknown last.

    damage: of tenet.verification. account_id: also what concerns a security that it held.
    """
    rows = workspace.sql(_GAPS, {"account_id": account_id, "kind": kind}).to_dicts()
    names = dict(workspace.sql(_ACCOUNT).rows())
    for one in damage:
        if account_id in (None, one.account_id) and kind in (None, one.kind):
            day = {"account_id": one.account_id, "day": one.last_date}
            worth = workspace.sql(_WORTH, day)
            rows.append(
                damaged(one)
                | {"account_name": names.get(one.account_id)}
                | {"value_at_stake": worth.item() if len(worth) else None}
            )
    return sorted(rows, key=_rank)


def damage_of(workspace: Workspace) -> list[Damage]:
    """What in the published file is not as it was built. Raises NoBuild."""
    path = published(workspace.home)
    if not path.is_file():
        raise NoBuild(workspace.home)
    from tenet import verification

    return verification.damage(path)


def damaged(one: Damage) -> Row:
    """A damage as a row of gaps."""
    parts = (one.kind, one.account_id or one.table, one.first_date)
    return {
        "gap_id": " ".join(str(part) for part in parts if part),
        "kind": one.kind,
        "account_id": one.account_id,
        "account_name": None,
        "security_id": None,
        "security_name": None,
        "currency": None,
        "first_date": one.first_date,
        "last_date": one.last_date,
        "days": one.days,
        "value_at_stake": None,
        "is_open": True,
        "detail": f"{one.what}; `tenet gaps --repair` builds it anew",
    }


def _rank(row: Row) -> tuple[bool, Any, str]:
    stake = row["value_at_stake"]
    return stake is None, -(stake or 0), row["gap_id"]
