"""`tenet status`: what is landed and what is published, from the folder alone."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tenet.home import last_build, last_syncs, require
from tenet.landings import fingerprint, landings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Row = dict[str, Any]


def status(home: Path) -> dict[str, Any]:
    """Landings and build of a home. No database is opened and no settings are read.

    is_current: the build holds every landing. accounts: how each one's last sync went: status,
    error, last_attempt_at, last_data_at. Raises HomeMissing.
    """
    landed = landings(require(home))
    build = last_build(home)
    return {
        "home": str(home),
        "landing_count": len(landed),
        "last_landing": landed[-1].landing_id if landed else None,
        "is_current": build is not None and build["lake"] == fingerprint(landed),
        "build": build,
        "accounts": last_syncs(home),
    }


def stale_accounts(
    accounts: Iterable[Mapping[str, Any]], day: date, *, stale_days: int
) -> list[Row]:
    """The accounts without data for more than `stale_days` on a day, oldest data first.

    stale_days: the setting stale_price_days, for what is too old for a price is too old for units.
    accounts: account_id, provider, name, is_active, error, last_snapshot_date (None: never any).
    Closed accounts are left out, and those kept by hand, which no provider ought to renew. One that
    never had data is listed last, with days None, when there is an error.
    Rows: account_id, name, days, last_snapshot_date, error.
    """
    found = []
    for row in accounts:
        if row["provider"] == "manual" or not row["is_active"]:
            continue
        last = row["last_snapshot_date"]
        days = (day - last).days if last else None
        if days > stale_days if days is not None else row["error"]:
            names = ("account_id", "name", "last_snapshot_date", "error")
            found.append({name: row[name] for name in names} | {"days": days})
    return sorted(found, key=lambda row: (-(row["days"] or 0), row["account_id"]))


def stale_by_files(found: Mapping[str, Any], when: date | datetime) -> list[Row]:
    """`stale_accounts` by the files alone: what the build said, and the syncs after it.

    found: what `status` found. when: a moment, or a day of the build's time zone. The later of
    build and sync tells the date of an account's data, the sync its error.
    """
    build: Mapping[str, Any] = found["build"] or {"timezone": "UTC", "stale_price_days": 7}
    zone = ZoneInfo(build["timezone"])
    accounts = {row["account_id"]: dict(row) for row in build.get("accounts", ())}
    for row in accounts.values():
        row["last_snapshot_date"] = _date(row["last_snapshot_date"])
    for row in found["accounts"]:
        before = accounts.get(row["account_id"], {"is_active": True, "last_snapshot_date": None})
        seen = row["last_data_at"]
        dates = [
            before["last_snapshot_date"],
            datetime.fromisoformat(seen).astimezone(zone).date() if seen else None,
        ]
        accounts[row["account_id"]] = before | {
            "account_id": row["account_id"],
            "provider": row["provider"],
            "name": row["name"] or row["account_id"],
            "error": row["error"],
            "last_snapshot_date": max(filter(None, dates), default=None),
        }
    day = when.astimezone(zone).date() if isinstance(when, datetime) else when
    return stale_accounts(accounts.values(), day, stale_days=build["stale_price_days"])


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
