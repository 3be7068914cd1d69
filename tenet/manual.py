"""Manual accounts: a house, a car, a private fund, a mortgage, or a ticker held elsewhere.

Every change lands a full new snapshot of its account, so that history stays as it was.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.database import rows
from tenet.edits import find_account
from tenet.errors import NotFound
from tenet.frames import frame
from tenet.providers.ids import synthetic

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

Row = dict[str, Any]

_HELD = """
with last_snapshot as (
    from raw_snapshots
    where account_id = $account and status = 'success'
    qualify row_number() over (order by observed_at desc, snapshot_id desc, landing_id desc) = 1
)
select raw_holdings.*
from raw_holdings
semi join last_snapshot using (snapshot_id)
qualify row_number() over (partition by security_id order by landing_id desc) = 1
order by security_id
"""


def add_account(
    home: Path, name: str, *, currency: str, institution: str | None = None, at: datetime
) -> str:
    """A new manual account, empty as yet; returns its id. Holder of the lock only.

    The same name twice is the same account.
    """
    external_id = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "account"
    account_id = f"manual:{external_id}"
    row = {
        "account_id": account_id,
        "provider": "manual",
        "external_id": external_id,
        "name": name,
        "institution": institution,
        "currency": currency,
    }
    lake.land(home, "manual", {"accounts": frame("accounts", [row])}, at=at)
    return account_id


def held(home: Path, account: str) -> list[Row]:
    """The holdings of a manual account as they are now."""
    account_id = find_account(home, account)["account_id"]
    with lake.reading(home, "snapshots", "holdings") as connection:
        return rows(connection, _HELD, {"account": account_id})


def add(
    home: Path,
    account: str,
    description: str,
    *,
    at: datetime,
    currency: str | None = None,
    quantity: Decimal = Decimal(1),
    price: Decimal | None = None,
    symbol: str | None = None,
    asset_type: str = "other",
    cost_basis: Decimal | None = None,
) -> str:
    """Add a holding and land the account anew; returns the holding's security id.

    price: of one unit; negative for a debt, which becomes a negative quantity. currency: the
    account's unless given. symbol: a ticker with market prices; without one the description names
    the holding for good.
    """
    found = find_account(home, account)
    account_id = found["account_id"]
    now = held(home, account_id)
    security_id = symbol.upper() if symbol else _new_id(account_id, description, now)
    row = {
        "security_id": security_id,
        "symbol": symbol,
        "name": description,
        "currency": currency or found["currency"],
        "asset_type": asset_type,
        "cost_basis": cost_basis,
        **_valued(quantity, price),
    }
    kept = [line for line in now if line["security_id"] != security_id]
    _land(home, account_id, [*kept, row], at)
    return security_id


def update(
    home: Path,
    account: str,
    holding: str,
    *,
    at: datetime,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
) -> None:
    """Change the quantity or the price of a holding (by description, symbol or id)."""
    account_id = find_account(home, account)["account_id"]
    now = held(home, account_id)
    line = _line(now, holding)
    old = line["snapshot_price"]
    price = old if price is None else price
    line |= _valued(line["quantity"] if quantity is None else quantity, price)
    _land(home, account_id, now, at)


def remove(home: Path, account: str, holding: str, *, at: datetime) -> None:
    """Take a holding out (by description, symbol or id); the last one leaves the account empty."""
    account_id = find_account(home, account)["account_id"]
    now = held(home, account_id)
    line = _line(now, holding)
    _land(home, account_id, [each for each in now if each is not line], at)


def _valued(quantity: Decimal, price: Decimal | None) -> Row:
    if price is not None and price < 0:
        quantity, price = -quantity, -price
    value = None if price is None else quantity * price
    return {"quantity": quantity, "snapshot_price": price, "snapshot_value": value}


def _new_id(account_id: str, description: str, now: list[Row]) -> str:
    taken = {line["security_id"] for line in now}
    text, number = f"{description}:{account_id}", 1
    while (found := synthetic("MAN", text, digits=12)) in taken:
        number += 1
        text = f"{description}:{account_id}:{number}"
    return found


def _line(now: list[Row], holding: str) -> Row:
    for line in now:
        if holding in (line["security_id"], line["symbol"], line["name"]):
            return line
    raise NotFound("holding", holding, [str(line["name"]) for line in now])


def _land(home: Path, account_id: str, lines: list[Row], at: datetime) -> None:
    session_id = at.strftime("%Y%m%dT%H%M%S.%fZ")
    snapshot_id = f"{session_id}/{account_id}"
    values = [line["snapshot_value"] for line in lines]
    snapshot = {
        "snapshot_id": snapshot_id,
        "account_id": account_id,
        "session_id": session_id,
        "observed_at": at,
        "balance_date": at,
        "total_value": None if None in values else sum(values, Decimal(0)),
        "currency": lines[0]["currency"] if lines else None,
        "status": "success",
    }
    owned = {"snapshot_id": snapshot_id, "account_id": account_id}
    landed = [
        {name: line.get(name) for name in line if name != "landing_id"} | owned for line in lines
    ]
    tables = {"snapshots": frame("snapshots", [snapshot])}
    if landed:
        tables["holdings"] = frame("holdings", landed)
    lake.land(home, "manual", tables, at=at)
