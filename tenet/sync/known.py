"""What the lake knows of each account before a sync."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenet import lake

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


_QUERY = """
with account_rows as (
    from raw_accounts
    qualify row_number() over (partition by account_id order by landing_id desc) = 1
),
edits as (
    select
        account_id,
        last(active order by edited_at, landing_id) filter (where active is not null) as active,
    from raw_account_edits
    group by account_id
),
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
    account_rows.account_id,
    account_rows.institution,
    coalesce(edits.active, true),
    successful.newest_balance_date,
    coalesce(counted.holding_count, 0),
    successful.total_value,
    account_rows.name,
    successful.observed_at,
from account_rows
left join edits using (account_id)
left join successful using (account_id)
left join counted using (snapshot_id)
"""


def known_accounts(home: Path) -> dict[str, Known]:
    """Every account that was ever landed, by its id."""
    datasets = ("accounts", "account_edits", "snapshots", "holdings")
    with lake.reading(home, *datasets) as connection:
        rows = connection.execute(_QUERY).fetchall()
    return {row[0]: Known(*row) for row in rows}
