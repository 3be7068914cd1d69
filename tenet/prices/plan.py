"""Who is to be asked what: from what is held, and from what is landed and was answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.market.series import Ask
from tenet.market.symbols import price_route
from tenet.prices import missing, needed, splits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import date, datetime
    from pathlib import Path

    from tenet.prices.needed import Days
    from tenet.prices.splits import Key

EURO = "EUR"
"""The symbol of all rates of a source of rates: they are of the euro."""
PAIRS = "yahoo"
"""The source of prices that also has rates, of a currency into the base."""
LATE = timedelta(days=14)
"""So long a source of rates may be behind before it counts as having none."""


@dataclass(frozen=True)
class Wanted:
    """One ask of a price source, and what is known about its series.

    currency: where its closes are rates of that currency into the base. is_whole: the ask is for
    all days of the series. is_continued: closes landed so far came under the same symbol.
    failing_since: since when the series was only failed.
    """

    source: str
    ask: Ask
    currency: str | None = None
    is_whole: bool = False
    is_continued: bool = True
    failing_since: datetime | None = None

    @property
    def key(self) -> Key:
        """The series."""
        return self.source, self.ask.security_id


@dataclass(frozen=True)
class Plan:
    """What to ask. rates: the first day wanted of each source of rates.

    without_source: held securities that no source in use prices.
    """

    wanted: tuple[Wanted, ...] = ()
    rates: dict[str, date] = field(default_factory=dict)
    without_source: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing is missing."""
        return not (self.wanted or self.rates)


def plan(
    home: Path,
    days: Days,
    *,
    base: str,
    price_names: Collection[str],
    rate_names: Collection[str],
    at: datetime,
    again: Collection[Key] = (),
) -> Plan:
    """What to ask of the sources of these names.

    at: now. again: series to ask for whole, whatever is landed.
    """
    datasets = {*needed.READS, *missing.READS, "splits"}
    with lake.reading(home, *sorted(datasets)) as connection:
        needed.look(connection, days)
        held, currencies = needed.securities(connection), needed.currencies(connection, base)
        routes = [*_routes(held), *_rate_routes(currencies, base, price_names, rate_names)]
        numbered = [{"number": number, **route} for number, route in enumerate(routes)]
        missing.lay_out(connection, numbered)
        whole = {*again, *splits.unworked_splits(connection, days, at)}
        found = missing.missing(connection, days, at=at, base=base)
    in_use = {route["security_id"] for route in routes if route["source"] in price_names}
    wanted = [one for one in _wanted(found, whole) if one.source in price_names]
    if rate_names and not _are_rates_known(found, rate_names):
        wanted = [one for one in wanted if one.currency is None]
    return Plan(
        tuple(wanted),
        _rates(found, rate_names),
        tuple(row["security_id"] for row in held if row["security_id"] not in in_use),
    )


def _routes(held: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in held:
        options = ("is_crypto", "currency", "price_source", "price_symbol")
        route = price_route(row["security_id"], **{name: row[name] for name in options})
        if route:
            yield {
                "source": route[0],
                "security_id": row["security_id"],
                "symbol": route[1],
                "is_source_chosen": row["price_source"] is not None,
                "first_date": row["first_date"],
                "last_date": row["last_date"],
            }


def _rate_routes(
    currencies: Iterable[dict[str, Any]],
    base: str,
    price_names: Collection[str],
    rate_names: Collection[str],
) -> Iterator[dict[str, Any]]:
    """Rates of the euro at every source of rates, and as pairs with the base at Yahoo."""
    for row in currencies:
        route = row | {"is_source_chosen": False, "security_id": None}
        if row["currency"] != EURO:
            yield from (route | {"source": name, "symbol": EURO} for name in rate_names)
        if row["currency"] != base and PAIRS in price_names:
            yield route | {"source": PAIRS, "symbol": f"{row['currency']}{base}=X"}


def _wanted(found: list[dict[str, Any]], whole: Collection[Key]) -> Iterator[Wanted]:
    for _, group in groupby(found, key=lambda row: row["number"]):
        gaps = list(group)
        row = gaps[0]
        security_id = row["security_id"] or row["symbol"]
        is_again = (row["source"], security_id) in whole
        spans = [(gap["ask_first"], gap["gap_last"]) for gap in gaps if gap["gap_first"]]
        for first, last in [(row["whole_first"], row["whole_last"])] if is_again else spans:
            yield Wanted(
                row["source"],
                Ask(security_id, row["symbol"], first, last),
                currency=row["currency"],
                is_whole=first <= row["whole_first"] and last >= row["whole_last"],
                is_continued=row["is_continued"],
                failing_since=row["failing_since"],
            )


def _rates(found: list[dict[str, Any]], names: Collection[str]) -> dict[str, date]:
    """The first day wanted of each source of rates.

    What was asked within the hour brought all that there was; yesterday's rate may not be out yet.
    """
    wanted: dict[str, date] = {}
    for row in found:
        first, source = row["gap_first"], row["source"]
        just_asked = first and row["asked_first"] and row["asked_first"] <= first
        if source in names and first and not just_asked:
            wanted[source] = min(first, wanted.get(source, first))
    return wanted


def _are_rates_known(found: list[dict[str, Any]], names: Collection[str]) -> bool:
    """Whether the sources of rates have answered lately: what they lack they do not have."""
    gaps = [row for row in found if row["source"] in names and row["gap_first"]]
    return all(
        row["gap_first"] > row["first_date"] and row["gap_last"] - row["gap_first"] < LATE
        for row in gaps
    )
