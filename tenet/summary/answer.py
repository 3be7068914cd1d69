"""What a summary holds, and its text in a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Row = dict[str, Any]
Status = Literal["miss", "hit-revision", "stale", "progress-section"]


@dataclass(frozen=True)
class Summary:
    """What the household owns, by the published build. Amounts are Decimals in `currency`.

    status: how it was answered. revision, through_date: of which build.
    net_worth: the day's row of net_worth_daily with change_day, change_month and change_year (None
    where there is no such day); None for a household without any value.
    accounts: account_id, name, institution, portfolio, is_active, market_value_base,
    unpriced_count, snapshot_date, status and last_data_at of its last sync; the largest first.
    allocation: asset_class, market_value_base, weight (of the assets), unpriced_count.
    gaps: what is not known or not used, counted.
    progress: the last rows of the sync log, newest first; error is the first one of each.
    build_error: why the build in the background failed, where it did.
    """

    status: Status
    revision: str
    through_date: date
    currency: str
    net_worth: Row | None
    accounts: tuple[Row, ...]
    allocation: tuple[Row, ...]
    gaps: Row
    progress: tuple[Row, ...]
    build_error: str | None = None


def to_text(value: Any) -> str:
    """JSON in which amounts, days and times say what they are."""

    def tagged(found: object) -> dict[str, str]:
        for tag, (kind, _) in _TAGS.items():
            if isinstance(found, kind):
                return {tag: str(found)}
        raise TypeError(f"{type(found).__name__} has no text")

    return json.dumps(value, default=tagged, indent=1) + "\n"


def from_text(text: str) -> Any:
    """What `to_text` was given. Raises ValueError."""

    def read(found: dict[str, Any]) -> Any:
        if len(found) == 1 and (tag := next(iter(found))) in _TAGS:
            return _TAGS[tag][1](found[tag])
        return found

    return json.loads(text, object_hook=read)


_TAGS: dict[str, tuple[type, Any]] = {
    "$decimal": (Decimal, Decimal),
    "$time": (datetime, datetime.fromisoformat),  # before the day, which a time is too
    "$date": (date, date.fromisoformat),
}
