"""What lies in raw/: whole, as it was landed, none missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet import lake
from tenet.database import Error, connect_reading
from tenet.doctor.finding import fault, ok, several, warning
from tenet.errors import LakeCorrupt
from tenet.home import published
from tenet.landings import landings, months
from tenet.schemas import DATASETS
from tenet.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tenet.doctor.finding import Finding
    from tenet.landings import Landing
    from tenet.settings import Settings

MANY = 1000
"""With more folders than these a build reads noticeably longer than it has to."""


def checksums(settings: Settings) -> Iterator[Finding]:
    """Whether every landed file is what was landed.

    A landing of before there were checksums is read in full instead.
    """
    landed = landings(settings.home)
    folders = list(dict.fromkeys(landing.path for landing in landed))
    faults, without = [], set()
    for folder in folders:
        try:
            if not lake.require_as_landed(folder):
                without.add(folder)
        except LakeCorrupt as error:
            faults.append(fault("landings", str(error), error.hint))
    old = [landing for landing in landed if landing.path in without]
    faults += _unreadable(settings, old)
    yield from faults
    if not faults:
        also = f"; {len(without):,} of them from before checksums, read in full" if without else ""
        found = f"{counted(len(landed), 'landing')} in {counted(len(folders), 'folder')}"
        yield ok("landings", f"{found}, whole{also}")


def lost(settings: Settings) -> Iterator[Finding]:
    """Whether everything is there that the published build was made of."""
    path = published(settings.home)
    if not path.exists():
        return
    try:
        connection = connect_reading(path)
        try:
            query = "select landing_id from build_landings order by landing_id"
            made_of = [row[0] for row in connection.execute(query).fetchall()]
        finally:
            connection.close()
    except Error:
        return  # the checks of the build tell why
    there = {landing.landing_id for landing in landings(settings.home)}
    if gone := [landing_id for landing_id in made_of if landing_id not in there]:
        todo = "bring raw/ back from a backup before the next build, which would go without them"
        yield fault("landings", several(gone, "landing") + " of the published build gone", todo)


def folders(settings: Settings, at: datetime) -> Iterator[Finding]:
    """Whether there is something to merge that slows builds, or that a killed merge left."""
    found = months(settings.home)
    if spent := [str(path) for month in found for path in month.spent]:
        yield warning("landings", several(spent, "folder") + " merged already", "tenet compact")
    closed = [month for month in found if month.month < f"{at:%Y-%m}"]
    count = sum(len({landing.path for landing in month.landings}) for month in closed)
    if count > MANY:
        todo = "tenet compact merges them; no value changes"
        yield warning("landings", f"{count:,} folders of months that are over slow builds", todo)


def _unreadable(settings: Settings, landed: list[Landing]) -> list[Finding]:
    """What stands in the way of reading every value; of each dataset the first."""
    found = []
    for dataset in DATASETS:
        keys = (*DATASETS[dataset].key, "landing_id")
        missing = " or ".join(f"{key} is null" for key in keys)
        query = (
            f"select count(*) filter (where {missing}), bit_xor(hash(found)) "
            f"from ({lake.scan(dataset, landed)}) as found"
        )
        try:
            with lake.reading(settings.home) as connection:
                row = connection.execute(query).fetchone()
        except LakeCorrupt as error:
            found.append(fault("landings", str(error), error.hint))
            continue
        if row and row[0]:
            todo = "bring raw/ back from a backup"
            found.append(fault("landings", f"{row[0]:,} rows of {dataset} without a key", todo))
    return found
