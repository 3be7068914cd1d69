"""What an account holds by Wealthfolio's rows.

Snapshots are keyframes: the newest one holds until the next. Its positions stand in
snapshot_positions, in older files in its JSON; else they are the account's open lots.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet import sent
from tenet.providers.wealthfolio import rows

if TYPE_CHECKING:
    from tenet.providers.wealthfolio.rows import Row


@dataclass(frozen=True)
class Position:
    """Units of one asset in an account. currency: of the costs, which may be a minor unit."""

    asset_id: str
    quantity: Decimal
    unit_cost: Decimal | None
    cost_basis: Decimal | None
    currency: str | None
    multiplier: Decimal | None
    raw: dict[str, Any]


def positions(snapshot: Row | None, stored: list[Row], lots: list[Row]) -> list[Position]:
    """What an account holds: the stored positions, else the snapshot's JSON, else open lots.

    Raises ProviderSyncError (malformed, malformed_row).
    """
    if stored:
        return [_stored(row) for row in stored if not _is_apart(row, "is_alternative")]
    written = rows.entries(snapshot, "positions") if snapshot else {}
    if written:
        return [
            _written(sent.text(asset_id) or "", _object(row))
            for asset_id, row in written.items()
            if not _is_apart(_object(row), "isAlternative")
        ]
    still_open = [row for row in lots if not rows.is_true(row, "is_closed", otherwise=False)]
    opened = [_opened(asset_id, of) for asset_id, of in rows.by(still_open, "asset_id").items()]
    return [position for position in opened if position.quantity]


def _stored(row: Row) -> Position:
    return Position(
        asset_id=str(row.get("asset_id")),
        quantity=rows.known(row, "quantity"),
        unit_cost=rows.number(row, "average_cost"),
        cost_basis=rows.number(row, "total_cost_basis"),
        currency=rows.text(row, "currency"),
        multiplier=rows.number(row, "contract_multiplier"),
        raw=row,
    )


def _object(value: Any) -> Row:
    if not isinstance(value, dict):
        raise rows.malformed("positions", "malformed")
    return value


def _is_apart(row: Row, column: str) -> bool:
    """Whether the position is of an asset that lands with those of no account."""
    return rows.is_true(row, column, otherwise=False)


def _written(asset_id: str, row: Row) -> Position:
    return Position(
        asset_id=asset_id,
        quantity=rows.known(row, "quantity"),
        unit_cost=rows.number(row, "averageCost"),
        cost_basis=rows.number(row, "totalCostBasis"),
        currency=rows.text(row, "currency"),
        multiplier=rows.number(row, "contractMultiplier"),
        raw=row,
    )


def _opened(asset_id: str, lots: list[Row]) -> Position:
    quantity = Decimal(0)
    for lot in lots:
        ratio = rows.number(lot, "split_ratio")
        quantity += rows.known(lot, "remaining_quantity") * (Decimal(1) if ratio is None else ratio)
    paid = [rows.number(lot, "remaining_cost_basis") for lot in lots]
    costs = [cost for cost in paid if cost is not None]
    currencies = {rows.text(lot, "currency") for lot in lots}
    return Position(
        asset_id=asset_id,
        quantity=quantity,
        unit_cost=None,
        cost_basis=sum(costs, Decimal(0))
        if (len(costs), len(currencies)) == (len(lots), 1)
        else None,
        currency=min(filter(None, currencies), default=None),
        multiplier=None,
        raw={"lots": lots},
    )
