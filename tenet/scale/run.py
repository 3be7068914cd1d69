"""A build on a cluster, from the landed rows to a folder of Parquet files with a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenet.build import ingredients
from tenet.landings import landings
from tenet.scale import cluster, output
from tenet.scale.balance import accounts_of_shards
from tenet.scale.files import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime
    from pathlib import Path

    from tenet.scale.files import Written
    from tenet.settings import Settings

_VALUES = "daily_holding_values"
_FACTS = ("revision", "through_date", "base_currency", "tenet_version")


@dataclass(frozen=True)
class Progress:
    """How far a build is: shards done of how many, and the daily values that they came to."""

    done: int
    of: int
    rows: int


def build_on_ray(
    settings: Settings,
    *,
    through: date,
    at: datetime,
    out: Path,
    address: str | None = None,
    shards: int | None = None,
    told: Callable[[Progress], None] = lambda _: None,
) -> dict[str, Any]:
    """Build all that is landed into a folder of Parquet files; the home's own build stays.

    out: the folder, which every node sees under this path, as it does the home. address: of the
    cluster; none: one is started here. shards: how many; none: one for each processor.
    Restatements are those that were landed: with nothing published there is nothing to compare.
    Returns the manifest. Raises as `build` does, and NoRay, ClusterRefused, ClusterFailed,
    OtherRules, OutputRefused, RefreshRunning; the output of before stays then.
    """
    made_of = ingredients(settings, landings(settings.home), through=through, at=at)
    with output.replacing(out, at) as place, cluster.joined(address) as processors:
        job = Job(made_of, out, place, shards or processors)
        ((_, written),) = cluster.carried_out(job, "before")
        accounts = accounts_of_shards(job)
        rows = dict.fromkeys(accounts, 0)
        told(Progress(0, len(accounts), 0))
        by_shard = cluster.carried_out(job, "shards", [*accounts], of=len(accounts))
        for done, (shard, files) in enumerate(by_shard, start=1):
            written += files
            rows[shard] = sum(file.rows for file in files if file.table == _VALUES)
            told(Progress(done, len(accounts), sum(rows.values())))
        ((_, files),) = cluster.carried_out(job, "after", of=len(accounts))
        facts = {name: str(made_of.facts[name]) for name in _FACTS}
        sizes = [
            {"shard": shard, "accounts": count, "rows": rows[shard]}
            for shard, count in accounts.items()
        ]
        tables = _tables([*written, *files])
        return output.publish(out, job.tables, facts | {"shards": sizes, "tables": tables})


def _tables(written: Iterable[Written]) -> list[dict[str, Any]]:
    """The manifest's entry of each published table."""
    by_table: dict[str, list[Written]] = {}
    for file in sorted(written, key=lambda one: one.file):
        if file.is_published:
            by_table.setdefault(file.table, []).append(file)
    return [
        {
            "name": table,
            "rows": sum(file.rows for file in files),
            "files": [
                {"file": file.file, "rows": file.rows, "sha256": file.sha256} for file in files
            ],
        }
        for table, files in sorted(by_table.items())
    ]
