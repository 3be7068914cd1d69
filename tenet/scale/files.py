"""What the stages of a build hand each other: Parquet files, which appear whole, by rename."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from tenet.database import Error, file_list, literal, trouble
from tenet.home import make_private_folder
from tenet.lake import checksum, make_durable

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.build import Ingredients
    from tenet.database import Connection


@dataclass(frozen=True)
class Job:
    """What is to be built, and where to: paths, never rows.

    ingredients: the landed rows as queries over paths. folder: the output, named in errors.
    place: the hidden folder below it for what is not complete yet. shards: how many are wanted.
    """

    ingredients: Ingredients
    folder: Path
    place: Path
    shards: int

    @property
    def tables(self) -> Path:
        """Where published tables go."""
        return self.place / "tables"

    @property
    def work(self) -> Path:
        """Where tables go that only later stages read."""
        return self.place / "work"


@dataclass(frozen=True)
class Written:
    """A file that a stage wrote: a table, or a shard's part of it; `file` is below its folder."""

    table: str
    file: str
    rows: int
    sha256: str
    is_published: bool


def place_of(job: Job, table: str, is_published: bool, shard: int | None = None) -> Path:
    """The file of a table, or of a shard's part of it."""
    folder = job.tables if is_published else job.work
    return folder / (f"{table}.parquet" if shard is None else f"{table}/shard-{shard:04}.parquet")


def rows_of(files: list[Path]) -> str:
    """Their rows, as SQL to select from; a folder of a name like `year=2025` is no column."""
    return f"read_parquet({file_list(files)}, hive_partitioning = false)"


def write(
    connection: Connection, job: Job, table: str, is_published: bool, shard: int | None = None
) -> Written:
    """Write the rows of a table of the connection's, whole. Raises HomeNotWritable."""
    place = place_of(job, table, is_published, shard)
    aside = place.with_name(f".{uuid4().hex}.writing")
    try:
        make_private_folder(place.parent)
        answer = connection.execute(
            f"copy (from {table}) to {literal(aside)} (format parquet, compression zstd)"
        ).fetchone()
        aside.chmod(0o600)
        make_durable(aside)
        digest = str(checksum(aside)["sha256"])
        aside.replace(place)
    except (OSError, Error) as error:
        with suppress(OSError):
            aside.unlink()
        raise trouble(error, job.folder) from error
    below = place.relative_to(job.tables if is_published else job.work)
    return Written(table, str(below), int(answer[0]) if answer else 0, digest, is_published)
