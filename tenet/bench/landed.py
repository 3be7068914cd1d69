"""Ten years of syncs, every five hours or so, in as many landings as one likes.

Whatever their number, the rows are the same: two accounts of five holdings, and a close of each
security a day. `python -m tenet.bench.landed COUNT HOME TOMORROW` writes them below `HOME/raw`, and
the import folder of one more sync, on the day after the last.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenet.bench.households import LAST_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    Row = dict[str, Any]

SYNCS, YEARS, ACCOUNTS, HOLDINGS = 20_000, 10, 2, 5
_END = datetime.combine(LAST_DAY + timedelta(days=1), time(), UTC)
_SPAN = timedelta(days=365 * YEARS)


def write(count: int, home: Path, tomorrow: Path) -> None:
    """Land all syncs in `count` landings, and leave the next one as files in `tomorrow`.

    They are written like landings are, but not fsynced one by one.
    """
    tables = _tables(range(SYNCS))
    for number in range(count):
        first, end = (SYNCS * part // count for part in (number, number + 1))
        _land(home, f"{number:08x}", tables, first, end)
    tomorrow.mkdir()
    for name, table in _tables(range(SYNCS, SYNCS + 1)).items():
        table.drop("sync").write_parquet(tomorrow / f"{name}.parquet")


def _land(home: Path, name: str, tables: dict[str, pl.DataFrame], first: int, end: int) -> None:
    """The rows of the syncs from `first` to before `end`, as one landing."""
    import polars as pl

    from tenet.lake import checksum
    from tenet.landings import MANIFEST, month_of

    landing_id = f"{_at(end - 1).strftime('%Y%m%dT%H%M%S.%fZ')}-{name}"
    folder = home / "raw" / "sync" / month_of(landing_id) / landing_id
    folder.mkdir(parents=True)
    files = {}
    for dataset, table in tables.items():
        start, stop = (table["sync"].search_sorted(sync) for sync in (first, end))
        if start < stop:
            path = folder / f"{dataset}.parquet"
            rows = table[start:stop].drop("sync")
            rows.with_columns(pl.lit(landing_id).alias("landing_id")).write_parquet(path)
            files[path.name] = {"rows": len(rows), **checksum(path)}
    (folder / MANIFEST).write_text(json.dumps({"files": files}))


def _tables(syncs: range) -> dict[str, pl.DataFrame]:
    """The datasets of these syncs, each row with its sync's number, in their order."""
    import polars as pl

    from tenet.frames import frame

    rows: dict[str, list[Row]] = {}
    numbers: dict[str, list[int]] = {}
    for sync in syncs:
        for dataset, row in _rows(sync):
            rows.setdefault(dataset, []).append(row)
            numbers.setdefault(dataset, []).append(sync)
    return {
        dataset: frame(dataset, found).with_columns(pl.Series("sync", numbers[dataset]))
        for dataset, found in rows.items()
    }


def _rows(sync: int) -> Iterator[tuple[str, Row]]:
    """What one sync brought; the first of a day also the closes of it."""
    at, session = _at(sync), f"s{sync:05}"
    price = 50 + at.date().toordinal() % 997 / 100
    yield "sync_sessions", {"session_id": session, "started_at": at, "is_complete": True}
    for number in range(ACCOUNTS):
        account = {"account_id": f"bench:{number}", "session_id": session, "currency": "USD"}
        snapshot = {"snapshot_id": f"{session}/{number}", "account_id": account["account_id"]}
        if sync in (0, SYNCS):
            yield "accounts", account | {"provider": "bench", "name": f"Account {number}"}
        yield "snapshots", account | snapshot | {"observed_at": at, "status": "success"}
        for slot in range(HOLDINGS):
            held = {"security_id": f"S{slot}", "quantity": 1 + slot + sync // 500}
            yield "holdings", snapshot | held | {"snapshot_price": price + slot, "currency": "USD"}
    if at.date() != _at(sync - 1).date():
        for slot in range(HOLDINGS):
            known = {"source": "yahoo", "currency": "USD", "basis": "as_traded", "observed_at": at}
            close = {"security_id": f"S{slot}", "price_date": at.date(), "close": price + slot}
            yield "closes", close | known


def _at(sync: int) -> datetime:
    """The moment of a sync; the last is hours before the end of LAST_DAY, the next one is later."""
    return _END - _SPAN + _SPAN * (sync + 0.5) / SYNCS


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
