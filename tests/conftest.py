"""A small household that tests may read, built once; and the command line as people call it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from tenet import lake
from tenet.build import build
from tenet.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest_plugins = ["browser", "disks", "kills"]

AT = datetime(2024, 1, 5, 12, tzinfo=UTC)

HOUSEHOLD = {
    "accounts": """
account_id,name,institution,currency
bank:1,Current account,Example Bank,EUR
broker:1,Brokerage,Example Broker,USD
""",
    "snapshots": """
snapshot_id,account_id,observed_at,status,currency
s1,bank:1,2024-01-01T20:00:00Z,success,EUR
s2,broker:1,2024-01-01T20:00:00Z,success,USD
""",
    "holdings": """
snapshot_id,security_id,account_id,quantity,currency,snapshot_price,cost_basis
s1,_CASH:EUR,bank:1,1000,EUR,,
s2,AAPL,broker:1,10,USD,185.64,1500
s2,_CASH:USD,broker:1,-200,USD,,
""",
    "closes": """
security_id,price_date,source,close,currency,basis,observed_at
AAPL,2024-01-02,yahoo,185.64,USD,split_adjusted,2024-01-05T12:00:00Z
AAPL,2024-01-03,yahoo,184.25,USD,split_adjusted,2024-01-05T12:00:00Z
""",
    "fx_rates": """
currency,quote_currency,rate_date,source,rate,observed_at
EUR,USD,2024-01-01,ecb,1.10,2024-01-05T12:00:00Z
""",
}
"""On 2024-01-03: 1,000 EUR at 1.10, 10 AAPL at 184.25, 200 USD owed: 2,742.50 USD."""


def write_folder(folder: Path, tables: dict[str, str]) -> Path:
    """A folder of CSV files, one a dataset."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text.lstrip())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The household as a folder to import."""
    return write_folder(tmp_path / "folder", HOUSEHOLD)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home that each test has a copy of."""
    folder = write_folder(tmp_path_factory.mktemp("folder"), HOUSEHOLD)
    home = tmp_path_factory.mktemp("built") / "home"
    lake.land(home, "import", {path.stem: path for path in folder.iterdir()}, at=AT)
    build(load(home, timezone="UTC"), through=date(2024, 1, 3), at=AT)
    return home


@pytest.fixture
def home(tmp_path: Path, built_once: Path) -> Path:
    """A home in which the household is landed and built through 2024-01-03."""
    return shutil.copytree(built_once, tmp_path / "home")


Run = subprocess.CompletedProcess[str]


@pytest.fixture
def tenet_command(tmp_path: Path) -> Callable[..., Run]:
    """`tenet` in a process of its own, in a folder and with a HOME that hold nothing."""

    def run(*arguments: object, **environment: str) -> Run:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TENET_")}
        return subprocess.run(
            [sys.executable, "-m", "tenet", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=clean | {"HOME": str(tmp_path), "TENET_TIMEZONE": "UTC"} | environment,
        )

    return run
