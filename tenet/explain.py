"""Why a number is what it is: from a day's total down to the landed rows that it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.database import rows
from tenet.errors import DayTooEarly, DayTooLate, NotFound
from tenet.landings import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from tenet.database import Connection
    from tenet.workspace import Workspace

Row = dict[str, Any]

_TOTAL = """
select net_worth_daily.*, build_info.base_currency, build_info.revision, build_info.built_at
from net_worth_daily
cross join build_info
where valuation_date = $day
"""

_BY_ACCOUNT = """
select
    account_id,
    accounts.name,
    account_values_daily.snapshot_date,
    market_value_base,
    observed_base,
    carried_base,
    estimated_base,
    unpriced_count,
from account_values_daily
left join accounts using (account_id)
where valuation_date = $day
order by abs(market_value_base) desc, account_id
"""

_HOLDINGS = """
select
    daily_holding_values.*,
    coalesce(current.name, symbol, security_id) as name,
    accounts.name as account_name,
    valuation_date - price_date as price_age_days,
    build_info.base_currency,
    build_info.revision,
from daily_holding_values
left join accounts using (account_id)
left join (select account_id, security_id, name from holdings_current) as current
    using (account_id, security_id)
cross join build_info
where valuation_date = $day
    and ($account is null or account_id = $account)
    and ($security is null or security_id = $security)
order by account_id, abs(market_value_base) desc nulls last, security_id
"""

_SNAPSHOT = """
select snapshots.*, sessions.started_at
from raw_snapshots as snapshots
left join raw_sync_sessions as sessions using (session_id)
where snapshot_id = $snapshot
order by snapshots.observed_at desc, snapshots.landing_id desc
limit 1
"""

_HOLDING = """
from raw_holdings
where snapshot_id = $snapshot and security_id = $security
order by landing_id desc
limit 1
"""

_CLOSES = """
from raw_closes
where security_id = $security and price_date = $price_date
order by source, observed_at desc, landing_id desc
"""

_MARKS = """
from raw_price_marks
where security_id = $security and price_date = $price_date
order by edited_at desc, landing_id desc
limit 1
"""

_SPLITS = """
from raw_splits
where security_id = $security
qualify row_number() over (partition by split_date order by observed_at desc, landing_id desc) = 1
order by split_date
"""

_RATES = """
from raw_fx_rates
where rate_date between $fx_date and $day and (
        (currency = $currency and quote_currency in ($base, 'EUR'))
        or (quote_currency = $currency and currency in ($base, 'EUR'))
        or (currency = $base and quote_currency = 'EUR')
        or (quote_currency = $base and currency = 'EUR')
    )
qualify row_number() over (
    partition by currency, quote_currency, source
    order by rate_date desc, observed_at desc, landing_id desc
) = 1
order by currency, quote_currency, source
"""

_ISSUES = """
select kind, security_id, price_date, source, close
from price_issues
where security_id = $security and price_date between $first and $day
order by price_date, kind, source
"""

_SENT = """
select landing_id
from raw_closes
where security_id = $security_id and price_date = $price_date and source = $source
order by observed_at desc, landing_id desc
limit 1
"""

_DATASETS = {
    "snapshot": "snapshots",
    "line": "holdings",
    "closes": "closes",
    "marks": "price_marks",
    "splits": "splits",
    "rates": "fx_rates",
    "issues": "closes",
}
"""Where the rows of each part of a chain are landed."""


def total(workspace: Workspace, day: date) -> Row:
    """A day's net worth, and the accounts that it is the sum of.

    Raises NoBuild, DayTooEarly, DayTooLate.
    """
    with workspace.connection() as connection:
        _check(connection, day)
        found = rows(connection, _TOTAL, {"day": day})
        return found[0] | {"accounts": rows(connection, _BY_ACCOUNT, {"day": day})}


def holdings(
    workspace: Workspace, day: date, *, account_id: str | None = None, security: str | None = None
) -> list[Row]:
    """The rows of `daily_holding_values` of a day that a number is the sum of.

    security: its id, its symbol or its name, in any case.
    Raises NoBuild, DayTooEarly, DayTooLate, NotFound.
    """
    with workspace.connection() as connection:
        _check(connection, day)
        chosen = security and _security_id(connection, security)
        wanted = {"day": day, "account": account_id, "security": chosen}
        found = rows(connection, _HOLDINGS, wanted)
        if not found and security:
            held = rows(connection, _HOLDINGS, wanted | {"security": None})
            raise NotFound(
                f"holding of {day}", security, _shown(row["security_id"] for row in held)
            )
    return found


def chain(workspace: Workspace, holding: Row) -> Row:
    """All that one row of `holdings` was made of, each landed row with its landing.

    snapshot and line: what the provider said. closes, mark: the prices of the day that counts.
    splits: every known one, with those that applied to the count and to the price. rates: the
    landed rates behind fx_rate. issues: what was noticed about the security's prices.
    """
    home = workspace.home
    wanted = {
        "snapshot": holding["snapshot_id"],
        "security": holding["security_id"],
        "price_date": holding["price_date"],
    }
    names = (
        "snapshots",
        "sync_sessions",
        "holdings",
        "closes",
        "price_marks",
        "splits",
        "fx_rates",
    )
    with lake.reading(home, *names) as raw:
        snapshot = _one(raw, _SNAPSHOT, {"snapshot": wanted["snapshot"]})
        line = _one(raw, _HOLDING, {name: wanted[name] for name in ("snapshot", "security")})
        priced = {name: wanted[name] for name in ("security", "price_date")}
        closes, marks = rows(raw, _CLOSES, priced), rows(raw, _MARKS, priced)
        splits = rows(raw, _SPLITS, {"security": wanted["security"]})
        rates = _rates(raw, holding)
        issues = [_traced(raw, issue) for issue in _issues(workspace, holding)]
    made_of = {"snapshot": snapshot, "line": line, "closes": closes, "marks": marks}
    made_of |= {"splits": splits, "rates": rates, "issues": issues}
    for name, part in made_of.items():
        for row in part if isinstance(part, list) else [part]:
            if row:
                row["file"] = _file(home, _DATASETS[name], row.get("landing_id"))
    applied = [one for one in splits if _is_between(one, holding["snapshot_date"], holding)]
    to_price = [one for one in splits if _is_between(one, holding["price_date"], holding)]
    return (
        holding
        | made_of
        | {
            "splits_of_quantity": applied,
            "splits_of_price": to_price,
        }
    )


def _rates(raw: Connection, holding: Row) -> list[Row]:
    if holding["fx_date"] is None or holding["currency"] == holding["base_currency"]:
        return []
    wanted = {"fx_date": holding["fx_date"], "day": holding["valuation_date"]}
    wanted |= {"currency": holding["currency"], "base": holding["base_currency"]}
    return rows(raw, _RATES, wanted)


def _issues(workspace: Workspace, holding: Row) -> list[Row]:
    """What was noticed from the day of the count, or of the price, to the day itself."""
    first = min(holding["snapshot_date"], holding["price_date"] or holding["snapshot_date"])
    wanted = {"security": holding["security_id"], "first": first, "day": holding["valuation_date"]}
    with workspace.connection() as connection:
        return rows(connection, _ISSUES, wanted)


def _traced(raw: Connection, issue: Row) -> Row:
    """The issue with the newest landing of the close that it is about, where it is about one."""
    about = {name: issue[name] for name in ("security_id", "price_date", "source")}
    return issue | (_one(raw, _SENT, about) or {})


def _file(home: Path, dataset: str, landing_id: str | None) -> str | None:
    folder = folder_of(home, landing_id) if landing_id else None
    return str(folder / f"{dataset}.parquet") if folder else None


def _is_between(split: Row, since: date | None, holding: Row) -> bool:
    return since is not None and since < split["split_date"] <= holding["valuation_date"]


def _one(raw: Connection, query: str, wanted: Row) -> Row | None:
    found = rows(raw, query, wanted)
    return found[0] if found else None


def _security_id(connection: Connection, wanted: str) -> str:
    """The id of a security by its id, or by the symbol or the name under which it is held."""
    query = "select distinct security_id from daily_holding_values"
    held = {row[0].casefold(): row[0] for row in connection.execute(query).fetchall()}
    if wanted.casefold() in held:
        return str(held[wanted.casefold()])
    query = (
        "select distinct security_id from holdings_current "
        "where lower($wanted) in (lower(name), lower(symbol))"
    )
    named = [row[0] for row in connection.execute(query, {"wanted": wanted}).fetchall()]
    if len(named) != 1:
        raise NotFound("security", wanted, _shown(held.values()))
    return str(named[0])


def _shown(ids: Iterable[str]) -> list[str]:
    """The ids that are for people: those made up for what has no symbol are not."""
    return [one for one in ids if not one.startswith("_")]


def _check(connection: Connection, day: date) -> None:
    reach = "select min(valuation_date) as first, max(valuation_date) as last from net_worth_daily"
    (row,) = rows(connection, reach)
    if row["first"] is None or day < row["first"]:
        raise DayTooEarly(day, row["first"])
    if day > row["last"]:
        raise DayTooLate(day, row["last"])
