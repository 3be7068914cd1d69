"""Markets for tests: sources in process that remember what they were asked, and homes to price."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from conftest import write_folder

from tenet import lake
from tenet.database import rows
from tenet.market.series import Ask, Rate, Series
from tenet.prices.run import update
from tenet.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tenet.prices.report import PricesReport

PLAIN = {
    "snapshots": {"account_id": "a:1", "status": "success"},
    "holdings": {"account_id": "a:1", "quantity": "10", "currency": "USD"},
}


@dataclass
class Market:
    """A source of closes: `closes` says each symbol's on a working day, `said` whole answers.

    broken: raised in place of the answer to that many-th ask.
    """

    closes: Callable[[str, date, datetime], Decimal | None] = lambda *_: Decimal(100)
    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    splits: dict[str, dict[date, Decimal]] = field(default_factory=dict)
    broken: tuple[int, BaseException] | None = None
    name: str = "yahoo"
    asked: list[Ask] = field(default_factory=list)

    def fetch(self, asks: Sequence[Ask], *, at: datetime, **_: object) -> Iterator[Series]:
        """One series for each ask, of working days that are over."""
        for number, ask in enumerate(asks, start=1):
            if self.broken and number == self.broken[0]:
                raise self.broken[1]
            self.asked.append(ask)
            yield self._series(ask, ask.symbol or f"{ask.security_id.lower()}-found", at)

    def _series(self, ask: Ask, symbol: str, at: datetime) -> Series:
        last = min(ask.last, at.date() - timedelta(days=1))
        days = [ask.first + timedelta(days=n) for n in range((last - ask.first).days + 1)]
        priced = [(day, self.closes(symbol, day, at)) for day in days if day.weekday() < 5]
        splits = self.splits.get(symbol, {})
        told: dict[str, Any] = {
            "status": "ok",
            "currency": "USD",
            "closes": tuple((day, close) for day, close in priced if close is not None),
            "splits": tuple((day, splits[day]) for day in days if day in splits),
            "through": last if last >= ask.first else None,
        }
        return Series(ask, symbol, **told | self.said.get(symbol, {}))

    def new_asks(self) -> list[tuple[str, str, str]]:
        """Security, first and last day of what was asked since last looked."""
        found = [(ask.security_id, f"{ask.first}", f"{ask.last}") for ask in self.asked]
        self.asked.clear()
        return found


@dataclass
class Bank:
    """A source of rates: units of each currency for one euro, on working days."""

    rates: dict[str, str] = field(default_factory=lambda: {"USD": "1.1", "GBP": "0.85"})
    out: Callable[[date, datetime], bool] = lambda day, at: day < at.date()
    broken: BaseException | None = None
    name: str = "ecb"
    asked: list[date] = field(default_factory=list)

    def fetch(self, first: date, *, at: datetime, **_: object) -> list[Rate]:
        """Every rate from `first` on that is out."""
        self.asked.append(first)
        if self.broken:
            raise self.broken
        days = [first + timedelta(days=n) for n in range((at.date() - first).days + 1)]
        return [
            Rate("EUR", code, day, Decimal(rate))
            for code, rate in self.rates.items()
            for day in days
            if day.weekday() < 5 and self.out(day, at)
        ]

    def new_asks(self) -> list[str]:
        """The first days of what was asked since last looked."""
        found = [f"{day}" for day in self.asked]
        self.asked.clear()
        return found


def noon(day: str) -> datetime:
    """Noon of a day, in UTC."""
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)


def household(folder: Path, **datasets: str) -> Settings:
    """A home in which the CSV texts are landed; columns of PLAIN may be left out."""
    home = folder / "home"
    add(home, at=datetime(2020, 1, 1, tzinfo=UTC), **datasets)
    return load(home, timezone="UTC")


def holding(*securities: str, since: str = "2026-03-02") -> dict[str, str]:
    """The datasets of one account that has held ten of each security since a day."""
    lines = "\n".join(f"s1,{security}" for security in securities)
    return {
        "accounts": "account_id\na:1",
        "snapshots": f"snapshot_id,observed_at\ns1,{since}T12:00:00Z",
        "holdings": f"snapshot_id,security_id\n{lines}",
    }


def add(home: Path, *, at: datetime, **datasets: str) -> None:
    """Land more CSV texts."""
    texts = {name: _with_plain(name, text) for name, text in datasets.items()}
    folder = write_folder(home.parent / f"import {at:%Y%m%dT%H%M%S}", texts)
    lake.land(home, "import", {path.stem: path for path in folder.iterdir()}, at=at)


def asked_on(
    settings: Settings,
    day: str,
    *sources: Market | Bank,
    at: datetime | None = None,
    **options: Any,
) -> PricesReport:
    """An update at noon of a day, through that day."""
    prices = [source for source in sources if isinstance(source, Market)]
    rates = [source for source in sources if isinstance(source, Bank)]
    moment = at or noon(day)
    options = {"pause": lambda _: None, **options}
    return update(settings, prices, rates, at=moment, through=date.fromisoformat(day), **options)


def landed(settings: Settings, dataset: str, columns: str, where: str = "true") -> list[str]:
    """Every landed row of a dataset, as text, sorted."""
    query = f"select {columns} from raw_{dataset} where {where} order by all"
    with lake.reading(settings.home, dataset) as connection:
        return [" ".join(_text(cell) for cell in row.values()) for row in rows(connection, query)]


def _text(cell: object) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:f}".rstrip("0").rstrip(".")
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%dT%H}"
    return "-" if cell is None else str(cell)


def _with_plain(dataset: str, text: str) -> str:
    header, *lines = text.strip().splitlines()
    plain = {
        name: value
        for name, value in PLAIN.get(dataset, {}).items()
        if name not in header.split(",")
    }
    ends = [",".join(["", *part]) for part in (plain, plain.values())]
    return "\n".join([header + ends[0], *(line + ends[1] for line in lines)]) + "\n"
