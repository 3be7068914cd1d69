"""What writes to a home, in rounds of twenty days: the same rows come of it whenever it is made.

A round has an import that corrects a close, a refresh with sources in this process, a merge of the
months that are over, and a build of the next day. An attempt is made a minute after the one before.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from markets import Bank, Market

from tenet import lake
from tenet.build import build
from tenet.compaction import compact
from tenet.home import writing
from tenet.providers.result import Account, Holding, ProviderSyncResult
from tenet.refresh.run import refresh
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

FIRST = date(2024, 1, 10)


class Broker:
    """A provider of one account: ten AAPL and a few more each round, and euros."""

    name = "depot"
    secrets = ()

    def __init__(self, number: int) -> None:
        self.number = number

    def fetch(self, client: object, *, at: datetime, pause: object) -> int:  # noqa: ARG002
        return self.number

    def parse(self, payload: int) -> ProviderSyncResult:
        held = (
            Holding("1", "AAPL", Decimal(10 + payload), price=Decimal(90), currency="USD"),
            Holding("1", "_CASH:EUR", Decimal(1000 * payload), currency="EUR"),
        )
        return ProviderSyncResult((Account("1", "Depot"),), held)


def day_of(number: int) -> date:
    """The day of a round."""
    return FIRST + timedelta(days=20 * number)


def run(writer: str, home: Path, number: int, attempt: int) -> None:
    """One writer of one round, with the home's lock."""
    day = day_of(number)
    at = datetime(day.year, day.month, day.day, 12, attempt, tzinfo=UTC)
    with writing(home, at):
        _WRITERS[writer](home, number, at)


def _import(home: Path, number: int, at: datetime) -> None:
    row = {
        "security_id": "AAPL",
        "price_date": date(2024, 1, 2),
        "source": "yahoo",
        "close": Decimal(100 + number),
        "currency": "USD",
        "basis": "split_adjusted",
        "observed_at": datetime(2024, 1, 11, number, tzinfo=UTC),
    }
    lake.land(home, "import", {"closes": pl.DataFrame([row])}, at=at)


def _refresh(home: Path, number: int, at: datetime) -> None:
    settings, sources = load(home, timezone="UTC"), ([Broker(number)], [Market()], [Bank()])
    options: dict[str, Any] = {"through": day_of(number), "at": at, "pause": lambda _: None}
    refresh(settings, *sources, **options)  # type: ignore[arg-type]


def _compact(home: Path, number: int, _: datetime) -> None:
    compact(home, through=f"{day_of(number).replace(day=1) - timedelta(days=1):%Y-%m}")


def _build(home: Path, number: int, at: datetime) -> None:
    build(load(home, timezone="UTC"), through=day_of(number) + timedelta(days=1), at=at)


_WRITERS = {"import": _import, "refresh": _refresh, "compact": _compact, "build": _build}
