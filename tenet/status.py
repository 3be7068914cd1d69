"""`tenet status`: what is landed and what is published, from the folder alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.home import last_build, last_syncs, require
from tenet.landings import fingerprint, landings

if TYPE_CHECKING:
    from pathlib import Path


def status(home: Path) -> dict[str, Any]:
    """Landings and build of a home. No database is opened and no settings are read.

    is_current: the build holds every landing. accounts: how each one's last sync went: status,
    error, last_attempt_at, last_data_at. Raises HomeMissing.
    """
    landed = landings(require(home))
    build = last_build(home)
    return {
        "home": str(home),
        "landing_count": len(landed),
        "last_landing": landed[-1].landing_id if landed else None,
        "is_current": build is not None and build["lake"] == fingerprint(landed),
        "build": build,
        "accounts": last_syncs(home),
    }
