"""The build: everything landed, through the models, into a newly published database."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tenet import __version__, resources
from tenet.errors import NothingKnown
from tenet.home import Info, build_note, last_build, published, remove_leftovers, write_whole
from tenet.landings import Landing, fingerprint, landings
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.settings import Settings

_ACCOUNTS = """
select
    account_id,
    accounts.provider,
    accounts.name,
    accounts.is_active,
    accounts.last_snapshot_date::varchar as last_snapshot_date,
    sync_status.error,
from accounts
left join sync_status using (account_id)
order by account_id
"""
"""What `tenet status` needs to know of each account."""


@dataclass(frozen=True)
class Ingredients:
    """What a build is made of.

    raw: for each dataset the query for its landed rows. values: the row of `build_settings`.
    facts: the row of `build_info`, without counts. landed: id and kind of each landing.
    """

    raw: dict[str, str]
    values: dict[str, Any]
    facts: dict[str, Any]
    landed: list[tuple[str, str]]


def build(
    settings: Settings, *, through: date, at: datetime, full: bool = False
) -> tuple[Info, bool]:
    """Publish a build of all that is landed, unless the published one is it already.

    through: the last valuation date. at: now, for `built_at`. full: build even so, and every day
    anew; else days that nothing new can reach are kept of the published build (tenet/reuse.py).
    What it says otherwise than the published one about days that were over lands as restatements.
    Only for the holder of the home's lock. Returns the build's facts, and whether it is new.
    Raises ModelFailed, KeyViolated, LakeCorrupt, HomeNotWritable; the published build stays then.
    """
    home = settings.home
    landed = landings(home)
    revision = _revision(landed, settings)
    last = last_build(home)
    known = last and (last["revision"], last["through_date"])
    if last and known == (revision, through.isoformat()) and not full:
        return last, False

    building = home / f"tenet.duckdb.{os.getpid()}.building"
    before = published(home) if published(home).exists() else None
    try:
        last_day = None if full else _keep(last, building, settings, through)
        info = _build_file(building, settings, landed, through, at, before, last_day)
        _land_restatements(home, building, revision, at)
        info["accounts"] = _accounts(building)
        info["file"] = _checksum(building)
        _publish(building, published(home))
    finally:
        remove_leftovers(home)
    write_whole(build_note(home), json.dumps(info, indent=1) + "\n")
    return info, True


def build_as_known(settings: Settings, *, on: date, at: datetime, into: Path) -> Info:
    """What a build would have said at the end of a day: of the landings up to then, through it.

    into: the file to write, which is replaced whole; the published build is not touched.
    Raises as `build` does, and NothingKnown when nothing was landed by then.
    """
    end = datetime.combine(on + timedelta(days=1), time(), ZoneInfo(settings.timezone))
    last_id = end.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    landed = [landing for landing in landings(settings.home) if landing.landing_id < last_id]
    if not landed:
        raise NothingKnown(on)
    return _build_aside(into, settings, landed, on, at)


def build_aside(settings: Settings, *, through: date, at: datetime, into: Path) -> Info:
    """What `build` would publish now, into a file of its own; the published build is not touched.

    Raises as `build` does.
    """
    return _build_aside(into, settings, landings(settings.home), through, at)


def ingredients(
    settings: Settings, landed: list[Landing], *, through: date, at: datetime
) -> Ingredients:
    """What a build of these landings is made of. Raises LakeCorrupt."""
    from tenet import lake  # DuckDB is not needed to see that nothing has changed

    values = {"through_date": through, **_settings(settings)}
    facts = {
        "revision": _revision(landed, settings),
        "built_at": at,
        **values,
        "tenet_version": __version__,
        "landing_count": len(landed),
        "lake": fingerprint(landed),
        "rules": rules(),
    }
    return Ingredients(
        raw={name: lake.scan(name, landed) for name in DATASETS},
        values=values,
        facts=facts,
        landed=[(landing.landing_id, landing.kind) for landing in landed],
    )


def _build_aside(
    into: Path, settings: Settings, landed: list[Landing], through: date, at: datetime
) -> Info:
    building = into.with_name(f"{into.name}.{os.getpid()}.building")
    try:
        info = _build_file(building, settings, landed, through, at, None, None)
        _publish(building, into)
    finally:
        for path in into.parent.glob(f"{building.name}*"):
            path.unlink(missing_ok=True)
    return info


def _keep(last: Info | None, building: Path, settings: Settings, through: date) -> date | None:
    """Copy the published file to `building` where days of it may be kept; returns its last day.

    They may where models, settings and version are the same, and nobody touched the file since.
    """
    same = {**_settings(settings), "rules": rules(), "tenet_version": __version__}
    if not last or any(last.get(name) != value for name, value in same.items()):
        return None
    last_day = date.fromisoformat(last["through_date"])
    if last_day > through:
        return None
    shutil.copyfile(published(settings.home), building)
    if _checksum(building) == last.get("file"):
        return last_day
    building.unlink()
    return None


def _build_file(
    path: Path,
    settings: Settings,
    landed: list[Landing],
    through: date,
    at: datetime,
    before: Path | None,
    last_day: date | None,
) -> Info:
    from tenet import warehouse

    made_of = ingredients(settings, landed, through=through, at=at)
    facts = made_of.facts
    built = warehouse.build_file(
        path,
        made_of.raw,
        made_of.values,
        facts,
        resources.folder("sql"),
        landed=made_of.landed,
        published=before,
        last_day=last_day,
    )
    info: Info = {
        name: value if isinstance(value, int) else str(value) for name, value in facts.items()
    }
    return info | built


def _checksum(path: Path) -> dict[str, int | str]:
    from tenet import lake

    return lake.checksum(path)


def _publish(building: Path, place: Path) -> None:
    """Put a finished file in its place, whole."""
    from tenet import warehouse

    warehouse.publish(building, place)


def _accounts(path: Path) -> list[Info]:
    from tenet.database import connect_reading, rows

    connection = connect_reading(path)
    try:
        return rows(connection, _ACCOUNTS)
    finally:
        connection.close()


def _land_restatements(home: Path, building: Path, revision: str, at: datetime) -> None:
    """Land what this build says otherwise than the one before; landed twice it counts once."""
    from tenet import lake
    from tenet.database import connect_reading, literal

    found = building.with_name(f"{building.name}.restated.parquet")
    connection = connect_reading(building)
    try:
        counted = connection.execute(
            f"copy (select revision, valuation_date, account_id, security_id, old_value, "
            f"new_value, cause from restatements where revision = {literal(revision)}) "
            f"to {literal(found)} (format parquet)"
        ).fetchone()
    finally:
        connection.close()
    if counted and counted[0]:
        lake.land(home, "audit", {"restatements": found}, at=at, only_new=("restatements",))


def _settings(settings: Settings) -> dict[str, Any]:
    """The settings that values depend on."""
    return {
        "base_currency": settings.base_currency,
        "timezone": settings.timezone,
        "stale_price_days": settings.stale_price_days,
    }


def _revision(landed: list[Landing], settings: Settings) -> str:
    """A hash of what the values depend on, the last day apart."""
    digest = hashlib.sha256(fingerprint(landed).encode())
    digest.update(rules().encode())
    digest.update(json.dumps(_settings(settings)).encode())
    return digest.hexdigest()[:16]


def rules() -> str:
    """A hash of the models and reference tables."""
    digest = hashlib.sha256()
    paths = [*resources.folder("sql").rglob("*.sql"), *resources.folder("data").glob("*.csv")]
    for path in sorted(paths, key=lambda path: path.name):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
