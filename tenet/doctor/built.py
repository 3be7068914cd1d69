"""The published file: current, undamaged, equal to a fresh build of the same landings."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tenet import bridge, models, resources, verification
from tenet.build import build_aside
from tenet.database import Error, complaint, connect_reading, literal
from tenet.doctor.finding import fault, ok, several, warning
from tenet.home import last_build, published
from tenet.landings import fingerprint, landings
from tenet.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tenet.database import Connection
    from tenet.doctor.finding import Finding
    from tenet.settings import Settings

LONG = 10.0
"""A build that took more seconds is made again only when that is asked for."""

_REPAIR = "tenet gaps --repair"
_DIFFERENT = """
select distinct coalesce(published.table_name, fresh.table_name) as table_name
from tenet.build_checks as published
full join fresh.build_checks as fresh
    on published.table_name = fresh.table_name
    and published.account_id is not distinct from fresh.account_id
    and published.valuation_date is not distinct from fresh.valuation_date
where published.row_count is distinct from fresh.row_count
    or (published.content_hash <> fresh.content_hash and published.engine = fresh.engine)
order by table_name
"""


def currency(settings: Settings) -> Iterator[Finding]:
    """Whether the published build holds all that is landed."""
    last = last_build(settings.home)
    if last is None:
        yield warning("build", "nothing is published", "tenet build")
    elif last["lake"] != fingerprint(landings(settings.home)):
        yield warning("build", "it does not hold just what is landed now", "tenet build")
    else:
        yield ok("build", f"all that is landed, through {last['through_date']}")


def integrity(settings: Settings) -> Iterator[Finding]:
    """Whether the file is as it was built, with unique keys, and its bridge adds up."""
    path = published(settings.home)
    if not path.exists():
        return
    if damage := verification.damage(path):
        yield fault("build", several([str(one) for one in damage], "damage"), _REPAIR)
        return
    faults = [fault("build", found, _REPAIR) for found in _repeated_keys(path)]
    workspace = Workspace(settings.home, refresh_local=False)
    if residuals := bridge.residuals(workspace):
        found = f"the bridge does not add up in {residuals:,} places"
        faults.append(fault("build", found, "tenet bridge says where"))
    yield from faults or [ok("build", "as it was built; keys are unique; the bridge adds up")]


def equality(settings: Settings, at: datetime, *, rebuild: bool) -> Iterator[Finding]:
    """Whether a fresh build of the same landings has the same rows in every table."""
    last = last_build(settings.home)
    if last is None or last["lake"] != fingerprint(landings(settings.home)):
        return
    took = sum(last["seconds"].values())
    if took > LONG and not rebuild:
        yield ok("build", f"not compared with a fresh one, which takes {took:.0f} s (--rebuild)")
        return
    with tempfile.TemporaryDirectory(prefix="tenet-doctor-") as folder:
        fresh = Path(folder) / "fresh.duckdb"
        through = date.fromisoformat(last["through_date"])
        info = build_aside(settings, through=through, at=at, into=fresh)
        different = _different(published(settings.home), fresh)
    if last_build(settings.home) != last:
        yield warning("build", "a newer one was published meanwhile", "tenet doctor")
    elif info["revision"] != last["revision"]:
        yield warning("build", "models or settings are others since it was made", "tenet build")
    elif different:
        yield fault("build", several(different, "table") + " unlike a fresh one", _REPAIR)
    else:
        yield ok("build", "a fresh one has the same rows")


def _repeated_keys(path: Path) -> list[str]:
    connection = connect_reading(path)
    try:
        return [
            f"{model.name} has keys that are null or repeated"
            for model in models.read_models(connection, resources.folder("sql"))
            if model.is_published and not _are_keys(connection, model.name, model.keys)
        ]
    finally:
        connection.close()


def _are_keys(connection: Connection, table: str, keys: tuple[str, ...]) -> bool:
    """Equal keys have equal hashes; of a table of another version nothing is said."""
    given = ", ".join(f"count({key})" for key in keys)
    query = f"select count(*), count(distinct hash({', '.join(keys)})), {given} from {table}"
    try:
        return len(set(connection.execute(query).fetchone() or ())) <= 1
    except Error:
        return True


def _different(path: Path, fresh: Path) -> list[str]:
    """The tables that two builds do not agree on."""
    try:
        connection = connect_reading(path)
    except Error as error:
        return [complaint(error)]
    try:
        connection.execute(f"attach {literal(fresh)} as fresh (read_only)")
        return [name for (name,) in connection.execute(_DIFFERENT).fetchall()]
    except Error as error:
        return [complaint(error)]
    finally:
        connection.close()
