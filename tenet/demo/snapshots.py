"""What the providers and the family itself wrote down: accounts, syncs, snapshots, holdings."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tenet.demo import facts, market
from tenet.demo.family import MINOR_UNITS, multiplier

if TYPE_CHECKING:
    from datetime import date

    from tenet.demo.facts import Account
    from tenet.demo.family import Family, Position, Positions

    Row = dict[str, Any]

SYNCED = [account_id for account_id in facts.ACCOUNTS if account_id.startswith("demo:")]


def evening(day: date) -> datetime:
    """When the family's computer asks: half past eight at home, in UTC the next day already."""
    return datetime.combine(day, time(20, 30), ZoneInfo(facts.TIMEZONE)).astimezone(UTC)


def sync_days(family: Family) -> list[date]:
    """One day a week, the weekday of the first one; none in the missed month."""
    missed = market.order_day(family.start, facts.MISSED_MONTH)
    weekly = list(market.days(family.start, family.through))[::7]
    return [day for day in weekly if (day.year, day.month) != (missed.year, missed.month)]


def account_rows(family: Family) -> list[Row]:
    """`accounts`, as the first session brought them."""
    return [_account(account, family.start) for account in facts.ACCOUNTS.values()]


def session_rows(family: Family) -> list[Row]:
    """`sync_sessions`."""
    return [
        {
            "session_id": _session_id(day),
            "started_at": evening(day) - timedelta(seconds=4),
            "finished_at": evening(day) + timedelta(seconds=1),
            "is_complete": True,
        }
        for day in sync_days(family)
    ]


def log_rows(family: Family) -> list[Row]:
    """`sync_log`."""
    return [
        {
            "session_id": _session_id(day),
            "provider": "demo",
            "status": "success",
            "accounts_synced": len(SYNCED),
            "accounts_stale": 0,
            "accounts_error": 0,
            "seconds": Decimal(5),
        }
        for day in sync_days(family)
    ]


def account_sync_rows(family: Family) -> list[Row]:
    """`account_syncs`."""
    return [
        {"session_id": _session_id(day), "account_id": account_id, "status": "success"}
        for day in sync_days(family)
        for account_id in SYNCED
    ]


def snapshot_rows(family: Family) -> tuple[list[Row], list[Row]]:
    """`snapshots` and `holdings`."""
    snapshots, holdings = [], []
    synced = set(sync_days(family))
    for day, held in family.history():
        for account_id in _accounts_on(day, family, is_sync_day=day in synced):
            snapshot = _snapshot(family, day, facts.ACCOUNTS[account_id], held)
            snapshots.append(snapshot)
            holdings += [
                {"snapshot_id": snapshot["snapshot_id"], "account_id": account_id}
                | _holding(family, day, security_id, position)
                for (holder, security_id), position in held.items()
                if holder == account_id
            ]
    return snapshots, holdings


def _accounts_on(day: date, family: Family, *, is_sync_day: bool) -> list[str]:
    """The accounts that a snapshot is taken of on a day."""
    if day == family.start:
        return list(facts.ACCOUNTS)
    month = family.order_months.get(day)
    entered = [account_id for account_id, months in facts.ENTRIES.items() if month in months]
    return entered + (SYNCED if is_sync_day else [])


def _session_id(day: date, provider: str = "demo") -> str:
    return f"{provider}-{day}"


def _account(account: Account, start: date) -> Row:
    provider, _, external_id = account.account_id.partition(":")
    return {
        "account_id": account.account_id,
        "session_id": _session_id(start, provider),
        "provider": provider,
        "external_id": external_id,
        "name": account.name,
        "institution": account.institution,
        "account_type": account.account_type,
        "currency": account.currency,
    }


def _snapshot(family: Family, day: date, account: Account, held: Positions) -> Row:
    values = [
        family.value(security_id, position.units, day, account.currency)
        for (holder, security_id), position in held.items()
        if holder == account.account_id
    ]
    return {
        "snapshot_id": f"{account.account_id}@{day}",
        "account_id": account.account_id,
        "session_id": _session_id(day, account.account_id.partition(":")[0]),
        "observed_at": evening(day),
        "balance_date": evening(day),
        "total_value": sum(values, Decimal(0)),
        "currency": account.currency,
        "status": "success",
    }


def _holding(family: Family, day: date, security_id: str, position: Position) -> Row:
    if security_id in facts.CASH:
        return _cash(security_id, position)
    security = facts.SECURITIES[security_id]
    _, scale = MINOR_UNITS.get(security.currency, ("", Decimal(1)))
    return {
        "security_id": security_id,
        "symbol": None if security_id.startswith("_") else security_id,
        "name": security.name,
        "quantity": position.units,
        "snapshot_price": family.prices[security_id][day],
        "snapshot_value": family.value(security_id, position.units, day) / scale,
        "currency": security.currency,
        "multiplier": Decimal(multiplier(security_id)),
        "cost_basis": None if security.asset_type == "liability" else position.cost / scale,
        "asset_type": security.asset_type,
    }


def _cash(security_id: str, position: Position) -> Row:
    is_fund = security_id == facts.MONEY_MARKET
    return {
        "security_id": security_id,
        "symbol": security_id if is_fund else None,
        "name": "Money market fund" if is_fund else f"Cash ({facts.CASH[security_id]})",
        "quantity": position.units,
        "snapshot_price": Decimal(1),
        "snapshot_value": position.units,
        "currency": facts.CASH[security_id],
        "multiplier": Decimal(1),
        "asset_type": "money_market" if is_fund else "cash",
    }
