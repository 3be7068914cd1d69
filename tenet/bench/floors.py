"""What a build is compared with. Each is a process: `python -m tenet.bench.floors NAME PATH...`.

copy    DuckDB writes the published tables, as they are, into a new file: no build can be faster.
scan    DuckDB reads every value of every landed file.
numpy   NumPy makes the products of the published rows, and their exact cents.
join    Polars joins what was landed to a value a day and holding, in floats, into a Parquet file.
loop    Plain Python values a home day by day, with dicts and Decimal, into a CSV file.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tenet import lake
from tenet.bench.arrays import join, numpy
from tenet.bench.households import LAST_DAY, TIMEZONE
from tenet.database import connect, connect_reading, literal
from tenet.landings import files, landings
from tenet.runner import STORAGE_VERSION
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from collections.abc import Callable

CENT = Decimal("0.01")
MINOR_UNITS = {"GBp": ("GBP", CENT)}


def copy(published: Path, target: Path) -> int:
    """Copy every table of a published file into a new one; returns how many."""
    connection = connect_reading(published)
    connection.execute(f"attach {literal(target)} as copied (storage_version '{STORAGE_VERSION}')")
    connection.execute("set preserve_insertion_order = false")
    tables = [name for (name,) in connection.execute("from (show tables) select name").fetchall()]
    for name in tables:
        connection.execute(f"create table copied.{name} as from tenet.{name}")
    connection.execute("checkpoint copied")
    return len(tables)


def scan(home: Path) -> int:
    """Read every value of all landed files, each column folded into a number; returns the files."""
    connection, landed, count = connect(), landings(home), 0
    for name in DATASETS:
        if paths := files(landed, name):
            raw = lake.scan(name, landed)
            connection.execute(f"select bit_xor(hash(columns(*))) from ({raw})").fetchall()
            count += len(paths)
    return count


def loop(home: Path, target: Path) -> int:
    """Every day's holdings at the carried close, to the cent, as CSV; returns the rows.

    What a first script would do: no splits, guard or marks, no provenance, nothing checked.
    """
    closes, rates, snapshots, holdings = _read(home)
    latest: dict[str, tuple[Decimal, str]] = {}
    per_euro: dict[str, Decimal] = {"EUR": Decimal(1)}
    current: dict[str, str] = {}
    day, rows = min(closes), []
    while day <= LAST_DAY:
        latest.update(closes[day])
        per_euro.update(rates[day])
        current.update(snapshots[day])
        for account, snapshot in current.items():
            for security, quantity, given, given_currency in holdings[snapshot]:
                price, currency = latest.get(security, (given, given_currency))
                value = (quantity * price).quantize(CENT, ROUND_HALF_UP)
                rate = Decimal(1) if currency == "USD" else per_euro["USD"] / per_euro[currency]
                base = (value * rate).quantize(CENT, ROUND_HALF_UP)
                rows.append((day, account, security, quantity, price, currency, rate, value, base))
        day += timedelta(days=1)
    with target.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return len(rows)


def _read(home: Path) -> tuple[defaultdict[Any, list[Any]], ...]:
    """Closes, rates and snapshots by day, and holdings by snapshot."""
    connection, landed, zone = connect(), landings(home), ZoneInfo(TIMEZONE)
    by_day: list[defaultdict[Any, list[Any]]] = [defaultdict(list) for _ in range(4)]
    closes, rates, snapshots, holdings = by_day

    def rows(dataset: str, columns: str) -> list[tuple[Any, ...]]:
        raw = lake.scan(dataset, landed)
        return connection.execute(f"select {columns} from ({raw})").fetchall()

    columns = "price_date, security_id, close, currency"
    for day, security, close, currency in rows("closes", columns):
        closes[day].append((security, _major(close, currency)))
    for day, currency, rate in rows("fx_rates", "rate_date, quote_currency, rate"):
        rates[day].append((currency, rate))
    for snapshot, account, seen in rows("snapshots", "snapshot_id, account_id, observed_at"):
        snapshots[_local_day(seen, zone)].append((account, snapshot))
    columns = "snapshot_id, security_id, quantity, coalesce(snapshot_price, 1), currency"
    for snapshot, security, quantity, price, currency in rows("holdings", columns):
        holdings[snapshot].append((security, quantity, *_major(price, currency)))
    return closes, rates, snapshots, holdings


def _major(amount: Decimal, currency: str) -> tuple[Decimal, str]:
    major, scale = MINOR_UNITS.get(currency, (currency, Decimal(1)))
    return amount * scale, major


def _local_day(moment: Any, zone: ZoneInfo) -> date:
    day: date = moment.astimezone(zone).date()
    return day


if __name__ == "__main__":
    floors: dict[str, Callable[..., int]] = {
        "copy": copy, "scan": scan, "numpy": numpy, "join": join, "loop": loop,
    }  # fmt: skip
    sys.stdout.write(str(floors[sys.argv[1]](*map(Path, sys.argv[2:]))))
