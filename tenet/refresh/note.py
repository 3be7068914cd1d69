"""refresh.json in the home: what the last refresh found and what failed in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tenet.home import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.refresh.report import RefreshReport


@dataclass(frozen=True)
class Note:
    """What a refresh found: net worth in `currency` on its last day, from which build."""

    refreshed_at: datetime
    revision: str
    valuation_date: date
    net_worth: Decimal
    currency: str


def refresh_note(home: Path) -> Path:
    """The small file that tells how the last refresh went."""
    return home / "refresh.json"


def last_refresh(home: Path) -> Note | None:
    """What the last refresh found; None when there was none, or it found no value."""
    try:
        found = json.loads(refresh_note(home).read_text())
        return Note(
            datetime.fromisoformat(found["refreshed_at"]),
            str(found["revision"]),
            date.fromisoformat(found["valuation_date"]),
            Decimal(found["net_worth"]),
            str(found["currency"]),
        )
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError):
        return None


def write_note(home: Path, report: RefreshReport, *, at: datetime) -> None:
    """Write down what a refresh found and what failed in it. Raises HomeNotWritable."""
    found = report.found
    worth = found.net_worth.get(found.through) if found else None
    facts = {
        "refreshed_at": at.isoformat(),
        "revision": found.revision if found else None,
        "valuation_date": found.through.isoformat() if found else None,
        "net_worth": None if worth is None else str(worth),
        "currency": found.currency if found else None,
        "exit_code": report.exit_code,
        "failures": [f"{failure.what}: {failure.message}" for failure in report.failures],
    }
    write_whole(refresh_note(home), json.dumps(facts, indent=1) + "\n")
