"""tenet: what a household owned and was worth on any day, from raw Parquet by plain SQL in DuckDB.

import tenet
ws = tenet.open()
ws.sql("select valuation_date, net_worth from net_worth_daily")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.workspace import Workspace

__version__ = "0.1.0"


def open(home: str | Path | None = None, *, refresh_local: bool = True) -> Workspace:
    """A reader of the published build of a home (default: TENET_HOME, else the user-data folder).

    refresh_local: pull a local source before reading when its data grew old (docs/freshness.md).
    Raises HomeMissing when there is no such folder.
    """
    from tenet.home import locate
    from tenet.workspace import Workspace

    return Workspace(locate(home), refresh_local=refresh_local)
