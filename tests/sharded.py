"""A household with whatever crosses accounts, and builds of it to be compared."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from conftest import write_folder

from tenet import lake
from tenet.build import build
from tenet.database import connect_reading, identifier, literal
from tenet.home import published
from tenet.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.database import Connection

THROUGH = date(2024, 1, 31)
AT = datetime(2024, 2, 1, 12, tzinfo=UTC)

# Units move from a:1 to a:2, which goes on as a:3; NVDA splits; a:4 is emptied, a:5 never synced.
CROSSING = {
    "accounts": """
account_id,name,institution,currency
a:1,Old broker,Example Bank,USD
a:2,New broker,Example Broker,USD
a:3,Newest broker,Example Broker,USD
a:4,Spent,Example Bank,EUR
a:5,Never synced,Example Bank,USD
""",
    "snapshots": """
snapshot_id,account_id,observed_at,status,currency,total_value
1a,a:1,2024-01-01T20:00:00Z,success,USD,5000
1b,a:1,2024-01-10T20:00:00Z,success,USD,
2a,a:2,2024-01-05T20:00:00Z,success,USD,
2b,a:2,2024-01-12T20:00:00Z,success,USD,
3a,a:3,2024-01-25T20:00:00Z,success,USD,
4a,a:4,2024-01-01T20:00:00Z,success,EUR,
4b,a:4,2024-01-09T20:00:00Z,success,EUR,
""",
    "holdings": """
snapshot_id,security_id,account_id,quantity,currency,snapshot_price,snapshot_value,cost_basis
1a,NVDA,a:1,10,USD,500,5000,3000
1a,SPAXX,a:1,100,USD,,,
1b,SPAXX,a:1,100,USD,,,
2a,VTI,a:2,5,USD,220,2200,1000
2a,_CASH:EUR,a:2,-20,EUR,,,
2b,VTI,a:2,5,USD,220,,1000
2b,NVDA,a:2,10,USD,500,,3000
3a,VTI,a:3,5,USD,,,
3a,NVDA,a:3,40,USD,,,
4a,_SF:0011aabb,a:4,3,EUR,70,210,100
4a,SAP,a:4,7,EUR,,,
""",
    "activities": """
account_id,external_id,activity_at,activity_date,type,security_id,quantity,price,amount,fee,currency
a:1,t1,2024-01-09T15:00:00Z,2024-01-09,transfer_out,NVDA,-10,,,,USD
a:2,t2,2024-01-11T15:00:00Z,2024-01-11,transfer_in,NVDA,10,,,,USD
a:2,t3,2024-01-11T15:00:00Z,2024-01-11,buy,SPAXX,50,1,-50,,USD
a:2,t4,2024-01-11T15:00:00Z,2024-01-11,dividend,VTI,,,4.5,,USD
a:4,t5,2024-01-08T15:00:00Z,2024-01-08,sell,SAP,-7,150,1050,5,EUR
a:5,t6,2024-01-08T15:00:00Z,2024-01-08,interest,,,,1.25,,USD
""",
    "closes": """
security_id,price_date,source,close,currency,basis,observed_at
NVDA,2024-01-02,yahoo,500,USD,as_traded,2024-01-31T12:00:00Z
NVDA,2024-01-11,yahoo,520,USD,as_traded,2024-01-31T12:00:00Z
NVDA,2024-01-22,yahoo,130,USD,as_traded,2024-01-31T12:00:00Z
VTI,2024-01-05,yahoo,220,USD,split_adjusted,2024-01-31T12:00:00Z
VTI,2024-01-26,yahoo,231,USD,split_adjusted,2024-01-31T12:00:00Z
SAP,2024-01-02,yahoo,140,EUR,split_adjusted,2024-01-31T12:00:00Z
""",
    "splits": """
security_id,split_date,ratio,source,observed_at
NVDA,2024-01-20,4,yahoo,2024-01-31T12:00:00Z
""",
    "dividends": """
security_id,ex_date,amount,currency,source,observed_at
NVDA,2024-01-16,0.04,USD,yahoo,2024-01-31T12:00:00Z
VTI,2024-01-09,0.9,USD,yahoo,2024-01-31T12:00:00Z
""",
    "fx_rates": """
currency,quote_currency,rate_date,source,rate,observed_at
EUR,USD,2024-01-01,ecb,1.10,2024-01-31T12:00:00Z
EUR,USD,2024-01-08,ecb,1.12,2024-01-31T12:00:00Z
""",
    "account_edits": """
account_id,edited_at,active,deactivated_at,superseded_by,owner,portfolio,tax_bucket
a:2,2024-01-26T09:00:00Z,false,2024-01-24T09:00:00Z,a:3,"Ann 50%, Ben 50%",Core,taxable
a:1,2024-01-12T09:00:00Z,true,,,Ann,Core,taxable
""",
    "security_edits": """
security_id,edited_at,asset_class
NVDA,2024-01-15T09:00:00Z,Growth
""",
}


def crossing_home(folder: Path) -> Path:
    """A home in which that household is landed and built."""
    tables = write_folder(folder / "tables", CROSSING)
    home = folder / "home"
    lake.land(home, "import", {path.stem: path for path in tables.iterdir()}, at=AT)
    build(load(home, timezone="UTC"), through=THROUGH, at=AT)
    return home


def differences(home: Path, tables: Path) -> dict[str, str]:
    """What the Parquet files say otherwise than the home's published build, by table."""
    connection = connect_reading(published(home))
    try:
        names = {name for (name,) in connection.execute("show tables").fetchall()}
        found = {
            name: _difference(connection, identifier(name), tables / name)
            for name in sorted(names)
            if not name.startswith("build_")
        }
    finally:
        connection.close()
    return {name: text for name, text in found.items() if text}


def _difference(connection: Connection, built: str, place: Path) -> str:
    whole = place.with_suffix(".parquet")
    files = f"read_parquet({literal(whole if whole.exists() else place / '*.parquet')})"
    columns = [
        connection.execute(
            f"select column_name, column_type from (describe from {table})"
        ).fetchall()
        for table in (built, files)
    ]
    if columns[0] != columns[1]:
        return f"{columns[0]} have become {columns[1]}"
    lost, added = (
        connection.execute(f"from {one} except all from {other}").fetchall()
        for one, other in ((built, files), (files, built))
    )
    return f"lost {lost[:3]}, added {added[:3]}" if lost or added else ""
