"""What mends gaps: prices that can be fetched, a file that can be built anew, and what is left.

A plan changes nothing: what a rebuild would say is computed in a private file and compared. The
repair fetches, builds whole, and looks again.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenet import verification
from tenet.build import build, build_aside
from tenet.database import Error, connect_reading, literal, rows
from tenet.home import last_build, published
from tenet.landings import fingerprint, landings
from tenet.prices import plan as pricing
from tenet.prices.needed import Days
from tenet.prices.run import update

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from tenet.database import Connection
    from tenet.market.series import PriceSource, RateSource
    from tenet.prices.report import PricesReport
    from tenet.settings import Settings
    from tenet.verification import Damage

Row = dict[str, Any]
Sources = tuple["Sequence[PriceSource]", "Sequence[RateSource]"]

PRICED = ("stale_price", "unpriced", "fx_missing")
"""The kinds of gaps that a price or a rate closes."""

_REASONS = {
    "stale_price": "its source has no newer close; `tenet prices set` takes one of your own",
    "unpriced": "no source prices it; `tenet prices set` takes a price of your own",
    "fx_missing": "no source has an earlier or newer rate",
    "price_quarantined": "the guard left it out; `tenet prices set` takes a price of your own",
    "snapshot_quarantined": "it waits for a word: `tenet quarantine list`",
    "account_stale": "what was held on these days is known to its provider alone",
    "provider_error": "only the provider can answer: `tenet connect`, then `tenet sync`",
    "value_mismatch": "it stands in the mart value_checks, with both sides",
    "lot_mismatch": "its lots are inferred there; the provider's activities lack what would tell",
}
_OPEN_REASONS = {
    "account_stale": "only the provider can answer: `tenet connect`, then `tenet sync`"
}

_GAPS = """
select
    gap_id,
    kind,
    account_id,
    security_id,
    currency,
    first_date,
    last_date,
    value_at_stake,
    is_open,
from gaps
where kind not in ('missing', 'partial') -- the reasons for them stand beside them
order by value_at_stake desc nulls last, gap_id
"""

_HELD_IN = """
select distinct security_id
from daily_holding_values
where list_contains($currencies, currency)
order by security_id
"""

_CHANGES = """
with
now as (
    select
        account_id,
        valuation_date,
        sum(market_value_base) as value_now,
        bit_xor(hash({columns})) as content_hash,
    from now.daily_holding_values
    group by all
),
later as (
    select
        account_id,
        valuation_date,
        sum(market_value_base) as value_after,
        bit_xor(hash({columns})) as content_hash,
    from tenet.daily_holding_values
    group by all
),
changed as (
    select
        account_id,
        valuation_date,
        value_now,
        value_after,
        coalesce(value_after, 0) - coalesce(value_now, 0) as change,
        valuation_date - (row_number() over (
            partition by account_id order by valuation_date
        ))::integer as run,
    from now
    full join later using (account_id, valuation_date)
    where now.content_hash is distinct from later.content_hash
)
select
    account_id,
    min(valuation_date) as first_date,
    max(valuation_date) as last_date,
    count(*) as days,
    arg_max_null(value_now, valuation_date) as value_now,
    arg_max_null(value_after, valuation_date) as value_after,
    arg_max(change, abs(change)) as largest_change,
from changed
group by account_id, run
order by abs(largest_change) desc, account_id, first_date
"""


@dataclass(frozen=True)
class Plan:
    """What would mend the gaps of a home.

    fetch: what a source would be asked: source, security_id (or the currency), first_date,
    last_date. damage: what in the published file is not as it was built. is_outdated: the lake
    holds what the build does not. changes: days of an account that a rebuild changes: first_date,
    last_date, days, value_now and value_after on the last of them, largest_change. left: gaps that
    neither mends, each with its `why`.
    """

    fetch: tuple[Row, ...]
    damage: tuple[Damage, ...]
    is_outdated: bool
    changes: tuple[Row, ...]
    left: tuple[Row, ...]

    @property
    def is_rebuilt(self) -> bool:
        """Whether the file is to be built anew, whatever is fetched."""
        return bool(self.damage or self.is_outdated or self.changes)


@dataclass(frozen=True)
class Repaired:
    """What a repair did.

    damage: what it found in the published file. prices: how fetching went; None where nothing was
    asked. is_built: it was built anew. left: as of Plan, of the build that is published now.
    """

    damage: tuple[Damage, ...]
    prices: PricesReport | None
    is_built: bool
    left: tuple[Row, ...]

    @property
    def exit_code(self) -> int:
        """0 done, 3 some source failed and the rest is done."""
        return 3 if self.prices and self.prices.exit_code else 0


def plan(settings: Settings, sources: Sources, *, through: date, at: datetime) -> Plan:
    """What would be fetched, built anew or left, and what that does to published values.

    sources: of prices and rates; none is asked anything. through: the last day to value.
    Nothing in the home is changed. Raises ModelFailed, LakeCorrupt, HomeNotWritable.
    """
    now = published(settings.home)
    damage = tuple(verification.damage(now)) if now.exists() else ()
    with tempfile.TemporaryDirectory(prefix="tenet-plan-") as folder:
        later = Path(folder) / "later.duckdb"
        build_aside(settings, through=through, at=at, into=later)
        found = _gaps(later)
        wanted = _wanted(settings, later, found, sources, through=through, at=at)
        changes = tuple(_changes(now, later))
    fetch = tuple(_asked(wanted))
    return Plan(fetch, damage, _is_outdated(settings), changes, tuple(_left(found, wanted)))


def repair(
    settings: Settings,
    sources: Sources,
    *,
    through: date,
    at: datetime,
    pause: Callable[[float], None] = time.sleep,
    told: Callable[[object], None] = lambda _: None,
) -> Repaired:
    """Fetch what closes gaps, and build the published file anew; only for the lock's holder.

    through: the last day to value. at: now. pause, told: as in tenet.prices.run.
    Nothing is built where the file is whole and nothing new was fetched.
    Raises ModelFailed, LakeCorrupt, HomeNotWritable; the published build stays then.
    """
    now = published(settings.home)
    damage = verification.damage(now) if now.exists() else []
    if any(one.kind == "unreadable" for one in damage):
        now.unlink()  # no reader gets anything from it, and no build could compare with it
    _, is_built = build(settings, through=through, at=at, full=bool(damage))
    found = _gaps(now)
    wanted = _wanted(settings, now, found, sources, through=through, at=at)
    report = None
    if not wanted.is_empty:
        only = _concerned(now, found)
        report = update(
            settings, *sources, at=at, through=through, only=only, pause=pause, told=told
        )
        is_built |= build(settings, through=through, at=at)[1]
        found = _gaps(now)
        wanted = _wanted(settings, now, found, sources, through=through, at=at)
    return Repaired(tuple(damage), report, is_built, tuple(_left(found, wanted)))


def _gaps(path: Path) -> list[Row]:
    connection = connect_reading(path)
    try:
        return rows(connection, _GAPS)
    finally:
        connection.close()


def _is_outdated(settings: Settings) -> bool:
    last = last_build(settings.home)
    return last is None or last["lake"] != fingerprint(landings(settings.home))


def _concerned(path: Path, found: Sequence[Row]) -> list[str]:
    """The securities whose prices, or whose currencies' rates, close gaps."""
    of_kind = [row for row in found if row["kind"] in PRICED]
    priced = {row["security_id"] for row in of_kind if row["security_id"]}
    connection = connect_reading(path)
    try:
        currencies = sorted({row["currency"] for row in of_kind if row["currency"]})
        held = rows(connection, _HELD_IN, {"currencies": currencies})
    finally:
        connection.close()
    return sorted(priced | {row["security_id"] for row in held})


def _wanted(
    settings: Settings,
    path: Path,
    found: Sequence[Row],
    sources: Sources,
    *,
    through: date,
    at: datetime,
) -> pricing.Plan:
    """What the sources would be asked for the sake of these gaps."""
    only = _concerned(path, found)
    if not only:
        return pricing.Plan()
    return pricing.plan(
        settings.home,
        Days(settings.timezone, through, only=only),
        base=settings.base_currency,
        price_names=[source.name for source in sources[0]],
        rate_names=[source.name for source in sources[1]],
        at=at,
    )


def _asked(wanted: pricing.Plan) -> list[Row]:
    asked = [
        {
            "source": one.source,
            "security_id": one.ask.security_id,
            "first_date": one.ask.first,
            "last_date": one.ask.last,
        }
        for one in wanted.wanted
    ]
    return asked + [
        {"source": name, "security_id": "rates", "first_date": first, "last_date": None}
        for name, first in wanted.rates.items()
    ]


def _left(found: Sequence[Row], wanted: pricing.Plan) -> list[Row]:
    """The gaps that nothing which can be asked for would close, each with the reason."""
    asked = {one.ask.security_id for one in wanted.wanted}
    has_rates = bool(wanted.rates) or any(one.currency for one in wanted.wanted)
    return [
        row | {"why": _reason(row, wanted)}
        for row in found
        if not (row["security_id"] in asked or (row["kind"] == "fx_missing" and has_rates))
        or row["kind"] not in PRICED
    ]


def _reason(row: Row, wanted: pricing.Plan) -> str:
    if row["kind"] == "stale_price" and row["security_id"] in wanted.without_source:
        return _REASONS["unpriced"]
    if row["is_open"] and row["kind"] in _OPEN_REASONS:
        return _OPEN_REASONS[row["kind"]]
    return _REASONS[row["kind"]]


def _changes(now: Path, later: Path) -> list[Row]:
    """What another file says otherwise, by account and run of days, the largest change first.

    Of a file that cannot be read, or has other columns, all that the other one says.
    """
    connection = connect_reading(later)
    try:
        described = connection.execute("describe daily_holding_values").fetchall()
        query = _CHANGES.format(columns=", ".join(name for name, *_ in described))
        try:
            connection.execute(f"attach {literal(now)} as now (read_only)")
            return rows(connection, query)
        except Error:
            return _changes_from_nothing(connection, query)
    finally:
        connection.close()


def _changes_from_nothing(connection: Connection, query: str) -> list[Row]:
    connection.execute("detach database if exists now")
    connection.execute("attach ':memory:' as now")
    connection.execute(
        "create table now.daily_holding_values as from tenet.daily_holding_values limit 0"
    )
    return rows(connection, query)
