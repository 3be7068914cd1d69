"""Wealthfolio's tables by what they are looked up by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenet.providers.wealthfolio import rows
from tenet.providers.wealthfolio.lines import newest_quotes

if TYPE_CHECKING:
    from tenet.providers.wealthfolio.rows import Row, Tables


@dataclass(frozen=True)
class Book:
    """Rows by account, by snapshot or by their own id; quotes are the ones that count."""

    is_mirror: bool
    base_currency: str | None
    platforms: dict[str, list[Row]]
    assets: dict[str, Row]
    quotes: dict[str, Row]
    snapshots: dict[str, list[Row]]
    positions: dict[str, list[Row]]
    lots: dict[str, list[Row]]
    values: dict[str, list[Row]]
    activities: dict[str, list[Row]]

    @classmethod
    def of(cls, tables: Tables) -> Book:
        """The book of checked tables. SYNTHETIC snapshots are guesses for charts: left out."""
        settings = rows.by(tables.get("app_settings", []), "setting_key")
        snapshots = [
            row
            for row in tables.get("holdings_snapshots", [])
            if str(row.get("source")).upper() != "SYNTHETIC"
        ]
        values = sorted(
            tables["daily_account_valuation"], key=lambda row: str(row.get("valuation_date"))
        )
        return cls(
            is_mirror="holdings_snapshots" not in tables,
            base_currency=next(
                (rows.text(row, "setting_value") for row in settings.get("base_currency", [])), None
            ),
            platforms=rows.by(tables.get("platforms", []), "id"),
            assets={str(row.get("id")): row for row in tables.get("assets", [])},
            quotes=newest_quotes(tables.get("quotes", [])),
            snapshots=rows.by(snapshots, "account_id"),
            positions=rows.by(tables.get("snapshot_positions", []), "snapshot_id"),
            lots=rows.by(tables.get("lots", []), "account_id"),
            values=rows.by(values, "account_id"),
            activities=rows.by(tables.get("activities", []), "account_id"),
        )

    @property
    def places(self) -> int | None:
        """Places to round to: the mirror's numbers went through binary floats."""
        return 8 if self.is_mirror else None

    def newest(self, account_id: str) -> tuple[Row | None, list[Row]]:
        """An account's newest snapshot and the positions stored with it."""
        found = self.snapshots.get(account_id, [])
        snapshot = max(found, key=lambda row: str(row.get("snapshot_date")), default=None)
        return snapshot, self.positions.get(str(snapshot.get("id")), []) if snapshot else []
