"""The build: everything landed, through the models, into a newly published database."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from tenet import __version__, resources
from tenet.home import Info, build_note, last_build, published, remove_leftovers, write_whole
from tenet.landings import Landing, files, fingerprint, landings
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from datetime import date, datetime

    from tenet.settings import Settings


def build(settings: Settings, *, through: date, at: datetime) -> tuple[Info, bool]:
    """Publish a build of all that is landed, unless the published one is it already.

    through: the last valuation date. at: now, for `built_at`.
    Only for the holder of the home's lock. Returns the build's facts, and whether it is new.
    Raises ModelFailed, KeyViolated, LakeCorrupt, HomeNotWritable; the published build stays then.
    """
    home = settings.home
    landed = landings(home)
    values = {
        "through_date": through,
        "base_currency": settings.base_currency,
        "timezone": settings.timezone,
        "stale_price_days": settings.stale_price_days,
    }
    revision = _revision(landed, values)
    last = last_build(home)
    if last and last["revision"] == revision and last["through_date"] == through.isoformat():
        return last, False

    from tenet import lake, warehouse  # DuckDB is not needed to see that nothing has changed

    building = home / f"tenet.duckdb.{os.getpid()}.building"
    raw = {name: lake.scan(name, files(landed, name)) for name in DATASETS}
    facts = {
        "revision": revision,
        "built_at": at,
        **values,
        "tenet_version": __version__,
        "landing_count": len(landed),
        "lake": fingerprint(landed),
    }
    try:
        rows, seconds = warehouse.build_file(building, raw, values, facts, resources.folder("sql"))
        warehouse.publish(building, published(home))
    finally:
        remove_leftovers(home)
    info: Info = {
        name: value if isinstance(value, int) else str(value) for name, value in facts.items()
    }
    info |= {"row_counts": rows, "seconds": seconds}
    write_whole(build_note(home), json.dumps(info, indent=1) + "\n")
    return info, True


def _revision(landed: list[Landing], values: dict[str, Any]) -> str:
    """A hash of what the values depend on, the last day apart."""
    digest = hashlib.sha256(fingerprint(landed).encode())
    rules = [*resources.folder("sql").rglob("*.sql"), *resources.folder("data").glob("*.csv")]
    for path in sorted(rules, key=lambda path: path.name):
        digest.update(path.name.encode() + path.read_bytes())
    digest.update(json.dumps({k: v for k, v in values.items() if k != "through_date"}).encode())
    return digest.hexdigest()[:16]
