"""A batch of answers as one landing: their new rows, and the requests that they answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from tenet import lake
from tenet.errors import InputRefused
from tenet.frames import frame
from tenet.prices import rows, splits
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from tenet.landings import Landing
    from tenet.market.series import Series
    from tenet.prices.needed import Days
    from tenet.prices.plan import Wanted
    from tenet.prices.rows import Row, Tables
    from tenet.prices.splits import Key, Restated

PATIENCE = timedelta(days=5)
"""So long a restated series waits for the split that explains it."""


@dataclass(frozen=True)
class Answer:
    """What a source said to an ask."""

    wanted: Wanted
    series: Series


@dataclass(frozen=True)
class Landed:
    """What became of a batch. again: series to ask for whole.

    answers: as they were taken; one that could not be is failed. superseded: not taken, since the
    whole series is to come in their place. counts: new rows by source and
    dataset.
    """

    answers: tuple[Answer, ...] = ()
    superseded: tuple[Answer, ...] = ()
    again: frozenset[Key] = frozenset()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    landing: Landing | None = None


@dataclass
class Shelf:
    """Where answers are landed.

    base: the base currency. at: when they are observed. moments: of landings and requests, each
    later than the one before.
    """

    home: Path
    base: str
    days: Days
    at: datetime
    moments: Iterator[datetime]

    def land(self, answers: Sequence[Answer]) -> list[Landed]:
        """Land a batch; what the lake refuses of one answer makes that one failed."""
        try:
            return [self._land(answers)]
        except InputRefused as error:
            if len(answers) > 1:
                return [*chain.from_iterable(self.land([one]) for one in answers)]
            return [self._land([_failed(one, str(error)) for one in answers])]

    def land_rows(self, tables: Tables) -> Landed:
        """Land rows that are new to the lake, and requests. Raises InputRefused."""
        frames: dict[str, pl.DataFrame] = {}
        with lake.reading(self.home, *rows.DATED) as connection:
            for name in rows.DATED:
                if told := tables.get(name):
                    connection.register(f"incoming_{name}", frame(name, _distinct(name, told)))
                    frames[name] = rows.new_rows(connection, name, f"incoming_{name}")
        counts = {
            (source, name): count
            for name, found in frames.items()
            for source, count in found["source"].value_counts().iter_rows()
        }
        landed = {name: found for name, found in frames.items() if len(found)}
        if requests := tables.get("market_requests"):
            landed["market_requests"] = frame("market_requests", requests)
        if not landed:
            return Landed()
        landing, _ = lake.land(self.home, "prices", landed, at=next(self.moments))
        return Landed(counts=counts, landing=landing)

    def _land(self, answers: Sequence[Answer]) -> Landed:
        tables = self._tables(answers)
        with lake.reading(self.home, "closes", "splits") as connection:
            for name in ("closes", "splits"):
                connection.register(f"incoming_{name}", frame(name, tables[name]))
            restated = splits.restated_series(connection, self.days, self.at)
            late = splits.late_splits(connection)
        taken = [self._taken(one, restated.get(one.wanted.key)) for one in answers]
        kept = [one for one in taken if one]
        superseded = [one for one, found in zip(answers, taken, strict=True) if not found]
        told_late = [one for one in kept if one.wanted.key in late and not one.wanted.is_whole]
        requests = [rows.request_row(one.wanted, one.series, at=next(self.moments)) for one in kept]
        return replace(
            self.land_rows(self._tables(kept) | {"market_requests": requests}),
            answers=tuple(kept),
            superseded=tuple(superseded),
            again=frozenset(one.wanted.key for one in (*superseded, *told_late)),
        )

    def _taken(self, answer: Answer, restated: Restated | None) -> Answer | None:
        """The answer as it is to be landed; None where the whole series has to come first.

        Restated closes of which no split is known would make the past worth a fraction, so they
        wait for it: sources work a split in before its day is over, and tell of it afterwards.
        """
        wanted = answer.wanted
        if restated is None or not wanted.is_continued:
            return answer
        if not wanted.is_whole:
            return None
        has_waited = wanted.failing_since and self.at - wanted.failing_since > PATIENCE
        if restated.is_explained or has_waited:
            return answer
        ratio = max(restated.ratio, 1 / restated.ratio)
        side = "lower" if restated.ratio > 1 else "higher"
        message = f"its past came back {ratio:.4g} times {side}, and no split tells why"
        return _failed(answer, f"{message}; waiting for one")

    def _tables(self, answers: Sequence[Answer]) -> Tables:
        found: Tables = {name: [] for name in rows.DATED}
        for one in answers:
            if one.series.status in ("ok", "empty"):
                told = rows.series_rows(one.wanted, one.series, base=self.base, at=self.at)
                for name, listed in told.items():
                    found[name] += listed
        return found


def _failed(answer: Answer, message: str) -> Answer:
    series = replace(answer.series, status="failed", message=message)
    return replace(answer, series=series)


def _distinct(dataset: str, told: list[Row]) -> list[Row]:
    """One row a key: gaps of one series may share days."""
    key = DATASETS[dataset].key
    return list({tuple(row[name] for name in key): row for row in told}.values())
