"""One more day of an invented household: what a sync and a look at the market bring.

`python -m tenet.bench.tomorrow FOLDER TARGET` writes, for a folder that `households` wrote, the
import folder of the day after its last one: a snapshot of every account, a close of every security
that has any, and the exchange rates.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from tenet.bench.households import LAST_DAY

NEXT_DAY = LAST_DAY + timedelta(days=1)

# A newest row with its day's part moved: every number of the household stays as likely as it was.
_DATASETS = {
    "accounts": "from {accounts}",
    "snapshots": """
        select account_id || '/{day}' as snapshot_id, * exclude (snapshot_id)
            replace ('{day} 21:00+00'::timestamptz as observed_at)
        from {snapshots}
        qualify row_number() over (partition by account_id order by observed_at desc) = 1""",
    "holdings": """
        select account_id || '/{day}' as snapshot_id, * exclude (snapshot_id) from {holdings}
        semi join (select max(snapshot_id) as snapshot_id from {snapshots} group by account_id)
            using (snapshot_id)""",
    "closes": """
        select * replace (
            date '{day}' as price_date,
            (close * 1.01)::decimal(18, 4) as close,
            '{day} 22:00+00'::timestamptz as observed_at,
        )
        from {closes}
        qualify row_number() over (partition by security_id order by price_date desc) = 1""",
    "fx_rates": """
        select * replace (
            date '{day}' as rate_date,
            '{day} 16:00+00'::timestamptz as observed_at,
        )
        from {fx_rates}
        qualify row_number() over (partition by quote_currency order by rate_date desc) = 1""",
}


def write(folder: Path, target: Path) -> None:
    """Write the day after the last one of the household in `folder` into `target`."""
    from tenet.database import connect, literal

    target.mkdir(parents=True, exist_ok=True)
    tables = {name: f"read_parquet({literal(folder / f'{name}.parquet')})" for name in _DATASETS}
    connection = connect()
    try:
        for name, query in _DATASETS.items():
            path = literal(target / f"{name}.parquet")
            asked = query.format(day=NEXT_DAY, **tables)
            connection.execute(f"copy ({asked}) to {path} (format parquet)")
    finally:
        connection.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
