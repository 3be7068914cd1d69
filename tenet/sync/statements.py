"""Statements: states of hand-kept accounts, each true of its own day and not of the sync's.

Such a state becomes a snapshot of its day. One that the lake has already is left out; a mended one
comes a little later on the same day, so that it counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from hashlib import sha256
from typing import TYPE_CHECKING

from tenet import lake

if TYPE_CHECKING:
    from collections.abc import Iterable, Set
    from datetime import date
    from pathlib import Path

    from tenet.providers.result import Holding, PastState
    from tenet.sync.judge import Verdict

_CURRENT = """
select snapshot_id
from raw_snapshots
where contains(snapshot_id, '#')
qualify row_number() over (
    partition by account_id, timezone('UTC', observed_at)::date
    order by observed_at desc, snapshot_id desc, landing_id desc
) = 1
"""
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class State:
    """A state to land: its snapshot's id and time, and the verdict with its holdings."""

    snapshot_id: str
    observed_at: datetime
    verdict: Verdict


def current_statements(home: Path) -> frozenset[str]:
    """The snapshot ids of the statements that count, one an account and day."""
    with lake.reading(home, "snapshots") as connection:
        return frozenset(name for (name,) in connection.execute(_CURRENT).fetchall())


def new_states(
    verdict: Verdict, history: Iterable[PastState], current: Set[str], at: datetime
) -> list[State]:
    """The states of an account that are not landed as they are now, oldest first."""
    account = verdict.account
    assert account is not None  # what succeeds was returned
    newest = _day(account.balance_date, at)
    states = [
        (_day(state.balance_date, at), state.holdings)
        for state in history
        if state.account_external_id == account.external_id
    ]
    found = []
    for day, holdings in [*states, (newest, verdict.holdings)]:
        snapshot_id = f"{verdict.account_id}@{day}#{_content(holdings)}"
        if snapshot_id not in current:
            of_day = replace(account, balance_date=day)
            of_day = of_day if day == newest else replace(of_day, total_value=None)
            state = replace(verdict, account=of_day, holdings=holdings)
            found.append(State(snapshot_id, _moment(day, at), state))
    return found


def _moment(day: date, at: datetime) -> datetime:
    """Noon of the day, and the later the sync the later: some seconds a week."""
    return datetime.combine(day, time(12), UTC) + (at - _FIRST) / 100_000


def _day(given: datetime | date | None, at: datetime) -> date:
    if given is None:
        return at.date()
    return given.date() if isinstance(given, datetime) else given


def _content(holdings: tuple[Holding, ...]) -> str:
    lines = sorted(
        repr((line.symbol, line.quantity, line.price, line.market_value, line.currency))
        for line in holdings
    )
    return sha256("\n".join(lines).encode()).hexdigest()[:8]
