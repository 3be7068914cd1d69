"""What the lake knows of each account before a sync."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenet import lake
from tenet.edits import ACCOUNTS

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path


@dataclass(frozen=True)
class Known:
    """An account of the lake, with what its last successful snapshot said.

    balance_date: the newest that a provider gave for it. holding_count: lines of that snapshot.
    observed_at: when that snapshot was taken.
    """

    account_id: str
    institution: str | None = None
    is_active: bool = True
    balance_date: datetime | None = None
    holding_count: int = 0
    total_value: Decimal | None = None
    name: str | None = None
    observed_at: datetime | None = None


_QUERY = f"""
with accounts as ({ACCOUNTS}),
snapshot_rows as (
    from raw_snapshots
    qualify row_number() over (
        partition by snapshot_id order by observed_at desc, landing_id desc
    ) = 1
),
successful as (
    select
        *,
        max(balance_date) over (partition by account_id) as newest_balance_date,
    from snapshot_rows
    where status = 'success'
    qualify row_number() over (
        partition by account_id order by observed_at desc, snapshot_id desc
    ) = 1
),
counted as (
    select snapshot_id, count(distinct security_id) as holding_count
    from raw_holdings
    semi join successful using (snapshot_id)
    group by snapshot_id
)
select
    accounts.account_id,
    accounts.institution,
    accounts.is_active,
    successful.newest_balance_date,
    coalesce(counted.holding_count, 0),
    successful.total_value,
    accounts.name,
    successful.observed_at,
from accounts
left join successful using (account_id)
left join counted using (snapshot_id)
"""


def known_accounts(home: Path) -> dict[str, Known]:
    """Every account that was ever landed, by its id."""
    datasets = ("accounts", "account_edits", "snapshots", "holdings")
    with lake.reading(home, *datasets) as connection:
        rows = connection.execute(_QUERY).fetchall()
    return {row[0]: Known(*row) for row in rows}
