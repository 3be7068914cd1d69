"""Net worth by day of a published build, kept in memory, so that two builds can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenet.database import Error, connect_reading, trouble
from tenet.home import published

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal
    from pathlib import Path


@dataclass(frozen=True)
class History:
    """What one build says of each day, in its base currency. through: its last day."""

    revision: str
    built_at: datetime
    currency: str
    through: date
    net_worth: Mapping[date, Decimal]


@dataclass(frozen=True)
class Restated:
    """Past days whose net worth is another one than before; the largest change and its day."""

    day_count: int = 0
    largest_change: Decimal | None = None
    largest_date: date | None = None


def history(home: Path) -> History | None:
    """What the published build says; None when there is none. Raises LakeCorrupt and the like."""
    path = published(home)
    if not path.is_file():
        return None
    try:
        connection = connect_reading(path)
        try:
            facts = "select revision, built_at, base_currency, through_date from build_info"
            days = "select valuation_date, net_worth from net_worth_daily"
            ((revision, built_at, currency, through),) = connection.execute(facts).fetchall()
            net_worth = dict(connection.execute(days).fetchall())
        finally:
            connection.close()
    except Error as error:
        raise trouble(error, home) from error
    return History(revision, built_at, currency, through, net_worth)


def restated(before: History, after: History) -> Restated | None:
    """How the days before the older build's last one differ; None between two currencies.

    That last day itself was told while it lasted, so it is no past day of the older build.
    """
    if before.currency != after.currency:
        return None
    changes = {
        day: after.net_worth[day] - worth
        for day, worth in before.net_worth.items()
        if day < before.through and after.net_worth.get(day, worth) != worth
    }
    if not changes:
        return Restated()
    largest = min(changes, key=lambda day: (-abs(changes[day]), day))
    return Restated(len(changes), changes[largest], largest)
