"""The user's own words: edits of accounts, and the settling of quarantined snapshots.

Each is a landing of its own; nothing that was landed before is changed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.database import rows
from tenet.errors import NotFound, SchemaMismatch, WrongSum
from tenet.frames import frame

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from tenet.landings import Landing

Row = dict[str, Any]

_SHARE = re.compile(r"([^,%]*[^,%\s])\s+([0-9]{1,3}(?:\.[0-9]{1,10})?)\s*%")
_WHOLE = Decimal(100)

ACCOUNTS = """
with newest as (
    from raw_accounts
    qualify row_number() over (partition by account_id order by landing_id desc) = 1
),
edits as (
    select
        account_id,
        last(name order by edited_at, landing_id) filter (where name is not null) as name,
        last(active order by edited_at, landing_id) filter (where active is not null) as active,
        last(owner order by edited_at, landing_id) filter (where owner is not null) as owner,
        last(portfolio order by edited_at, landing_id) filter (where portfolio is not null)
            as portfolio,
        last(tax_bucket order by edited_at, landing_id) filter (where tax_bucket is not null)
            as tax_bucket,
    from raw_account_edits
    group by account_id
)
select
    newest.account_id,
    coalesce(edits.name, newest.name, newest.account_id) as name,
    newest.institution,
    newest.provider,
    newest.currency,
    coalesce(edits.active, true) as is_active,
    edits.owner,
    edits.portfolio,
    edits.tax_bucket,
from newest
left join edits using (account_id)
"""
"""Accounts as the user knows them, over raw_accounts and raw_account_edits."""

_QUARANTINED = """
with newest as (
    from raw_snapshots
    qualify row_number() over (
        partition by snapshot_id order by observed_at desc, landing_id desc
    ) = 1
)
select newest.*, account_syncs.error
from newest
left join (select distinct session_id, account_id, error from raw_account_syncs) as account_syncs
    using (session_id, account_id)
where newest.status = 'quarantined'
order by newest.observed_at, newest.snapshot_id
"""

_SAID = """
from raw_snapshots
where snapshot_id = $id
order by observed_at desc, landing_id desc
"""


def accounts(home: Path) -> list[Row]:
    """Every account: the columns of ACCOUNTS; name is the user's, else the provider's."""
    with lake.reading(home, "accounts", "account_edits") as connection:
        return rows(connection, f"{ACCOUNTS} order by account_id")


def find_account(home: Path, wanted: str) -> Row:
    """The account of that id or name. Raises NotFound when none or several have it."""
    found = accounts(home)
    named = [
        row
        for row in found
        if wanted == row["account_id"] or wanted.casefold() == row["name"].casefold()
    ]
    if len(named) != 1:
        raise NotFound("account", wanted, [row["account_id"] for row in found])
    return named[0]


def edit_account(home: Path, wanted: str, *, at: datetime, **changes: Any) -> Landing | None:
    """Land the user's changes to one account: columns of account_edits. Lock holder only."""
    row = {"account_id": find_account(home, wanted)["account_id"], "edited_at": at, **changes}
    landing, _ = lake.land(home, "edit", {"account_edits": frame("account_edits", [row])}, at=at)
    return landing


def owners(words: Iterable[str]) -> str:
    """Owners as account_edits.owner has them: of `Ann`, or of `Ann 50%` and `Ben 50%`.

    Raises WrongSum when the shares are not 100 % together, SchemaMismatch for words that are no
    name, or no name with a share.
    """
    named = [part.strip() for text in words for part in text.split(",")]
    if len(named) == 1 and named[0] and "%" not in named[0]:
        return named[0]
    shares: dict[str, Decimal] = {}
    for text in named:
        found = _SHARE.fullmatch(text)
        if not found or found[1] in shares or not Decimal(found[2]):
            problem = f"{text!r} is no owner with a share of his own, such as Ann 50%"
            raise SchemaMismatch("account_edits", "owner", problem)
        shares[found[1]] = Decimal(found[2])
    if sum(shares.values()) != _WHOLE:
        raise WrongSum("shares", shares, _WHOLE)
    return ", ".join(f"{name} {share:f}%" for name, share in shares.items())


def set_tax_rate(home: Path, bucket: str, rate: Decimal, *, at: datetime) -> Landing | None:
    """Land the tax rate that the user assumes for a bucket, a fraction. Lock holder only."""
    row = {"tax_bucket": bucket, "edited_at": at, "rate": rate}
    landing, _ = lake.land(home, "edit", {"tax_rates": frame("tax_rates", [row])}, at=at)
    return landing


def quarantined(home: Path) -> list[Row]:
    """Snapshots that wait for a word: the columns of `snapshots`, and why (error)."""
    with lake.reading(home, "snapshots", "account_syncs") as connection:
        return rows(connection, _QUARANTINED)


def quarantined_lines(home: Path, snapshot_id: str) -> list[Row]:
    """The holdings of a quarantined snapshot."""
    query = (
        "select symbol, name, quantity, snapshot_price, snapshot_value, currency "
        "from raw_holdings where snapshot_id = $id order by symbol"
    )
    with lake.reading(home, "holdings") as connection:
        return rows(connection, query, {"id": snapshot_id})


def settle(home: Path, snapshot_id: str, *, accepted: bool, at: datetime) -> Landing | None:
    """Accept a snapshot as true, or reject it for good; the last word holds. Lock holder only.

    What waits can be either; what counts, by mistake, can be rejected, and what was rejected
    accepted after all. Raises NotFound for any other.
    """
    with lake.reading(home, "snapshots") as connection:
        said = rows(connection, _SAID, {"id": snapshot_id})
    settled = ("quarantined", "failed" if accepted else "success")
    # A sync that failed brought nothing that could be accepted.
    if (
        not said
        or said[0]["status"] not in settled
        or {"failed"} == {row["status"] for row in said}
    ):
        waiting = [row["snapshot_id"] for row in quarantined(home)]
        raise NotFound(f"snapshot to {'accept' if accepted else 'reject'}", snapshot_id, waiting)
    row = said[0] | {"status": "success" if accepted else "failed"}
    del row["landing_id"]
    landing, _ = lake.land(home, "edit", {"snapshots": frame("snapshots", [row])}, at=at)
    return landing
