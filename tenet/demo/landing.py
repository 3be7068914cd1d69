"""The way of the invented household into a home, through the lake like any other data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.demo import facts, household
from tenet.errors import DayTooEarly, NotADemoHome

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from tenet.landings import Landing


def refuse_other_households(home: Path) -> None:
    """Raise NotADemoHome when an account was landed that is not of the demo."""
    landed = _answers(home, "accounts", "distinct account_id")
    if others := sorted(set(landed) - set(facts.ACCOUNTS)):
        raise NotADemoHome(home, others)


def land(home: Path, *, through: date, at: datetime) -> Landing | None:
    """Land the demo through a last day; only for the holder of the home's lock.

    A home that has the demo already keeps its first day, so that what was landed stays true.
    Returns None when the lake holds all of it already.
    Raises NotADemoHome, DayTooEarly (the demo there begins later), HomeNotWritable.
    """
    refuse_other_households(home)
    start = _landed_start(home)
    if start and through < start:
        raise DayTooEarly(through, start)
    landing, _ = lake.land(home, "import", household(through, start), at=at)
    return landing


def _landed_start(home: Path) -> date | None:
    day = f"min(timezone('{facts.TIMEZONE}', observed_at))::date"
    start: date | None = _answers(home, "snapshots", day)[0]
    return start


def _answers(home: Path, dataset: str, column: str) -> list[Any]:
    with lake.reading(home, dataset) as connection:
        rows = connection.execute(f"select {column} from raw_{dataset}").fetchall()
    return [value for (value,) in rows]
