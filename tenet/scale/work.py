"""The work of one stage, in the process that it is given to: from Parquet files to Parquet files.

A job holds paths, never rows. Whatever is written appears whole, by rename, so that a stage may be
begun again at any time, on another machine, after its first worker was lost.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from tenet import models, resources, runner, warehouse
from tenet.build import rules
from tenet.database import Error, connect, file_list, literal, trouble
from tenet.errors import OtherRules
from tenet.home import make_private_folder
from tenet.lake import checksum, make_durable
from tenet.scale.balance import balanced
from tenet.scale.private import Power, private_database
from tenet.scale.stages import ACCOUNT, staged

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.build import Ingredients
    from tenet.database import Connection
    from tenet.scale.stages import Stage, Stages

    Name = Literal["before", "shards", "after"]

SHARDS = "shards"
"""The table that says which account went into which shard."""

# Days that an account's positions cover, times the lines held on them; an emptied one has one line.
_EXPECTED = """
with
lines as (select snapshot_id, count(*) as line_count from {stg_holdings} group by snapshot_id)
select
    account_id,
    sum((position_end - position_start + 1) * coalesce(line_count, 1))::bigint as row_count,
from {int_positions}
left join lines using (snapshot_id)
group by account_id
"""


@dataclass(frozen=True)
class Job:
    """What is to be built, and where to.

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


def carry_out(
    job: Job, name: Name, power: Power, *, shard: int | None = None, of: int = 0
) -> list[Written]:
    """Run the models of a stage and write what it keeps.

    shard: which one, for the stage `shards`. of: how many there are, once that is known.
    Raises OtherRules, ModelFailed, KeyViolated, LakeCorrupt, HomeNotWritable.
    """
    if (here := rules()) != job.ingredients.facts["rules"]:
        raise OtherRules(here, str(job.ingredients.facts["rules"]))
    with private_database(power) as connection:
        found = models.read_models(connection, resources.folder("sql"))
        stages = staged(found)
        stage: Stage = getattr(stages, name)
        _make_ready(connection, job, stage)
        _hand_on(connection, job, stages, stage, shard, of)
        written = []
        for number, model in enumerate(stage.models, start=1):
            runner.run(connection, model)
            if model.name in stage.kept:
                written.append(_write(connection, job, model.name, model.is_published, shard))
            runner.drop_spent(connection, model, stage.models, left=stage.models[number:])
        if name == "before":
            written.append(_divide(connection, job, stage))
    return written


def accounts_of_shards(job: Job) -> dict[int, int]:
    """How many accounts each shard has, once the stage `before` is done; one shard at least."""
    connection = connect()
    try:
        listed = _read([_place(job, SHARDS, True)])
        counted = f"select shard, count(*) from {listed} group by shard order by shard"
        return dict(connection.execute(counted).fetchall()) or {0: 0}
    except Error as error:
        raise trouble(error, job.folder) from error
    finally:
        connection.close()


def _make_ready(connection: Connection, job: Job, stage: Stage) -> None:
    """What the models read that is no model's: of the landed rows only what they ask for."""
    given = job.ingredients
    raw = {name: query for name, query in given.raw.items() if f"raw_{name}" in stage.reads}
    runner.prepare(connection, raw, given.values, resources.folder("sql"))
    warehouse.remember(connection, given.facts, given.landed, None)


def _hand_on(
    connection: Connection, job: Job, stages: Stages, stage: Stage, shard: int | None, of: int
) -> None:
    """The tables of earlier stages as views; for a shard, of its own accounts where they tell."""
    if shard is not None:
        listed = _read([_place(job, SHARDS, True)])
        mine = f"select {ACCOUNT} from {listed} where shard = {shard}"
        connection.execute(f"create temp table accounts_of_shard as {mine}")
    every = {model.name: model for one in (stages.before, stages.shards) for model in one.models}
    for name in sorted(stage.given):
        numbers: list[int | None] = [*range(of)] if name in stages.shards.kept else [None]
        files = [_place(job, name, every[name].is_published, number) for number in numbers]
        query = f"from {_read(files)}"
        if shard is not None and ACCOUNT in connection.sql(query).columns:
            query += f" where {ACCOUNT} in (from accounts_of_shard)"
        connection.execute(f"create temp view {name} as {query}")


def _divide(connection: Connection, job: Job, stage: Stage) -> Written:
    """Write which account goes into which shard: every account that a table speaks of."""
    written = {
        model.name: f"from {_read([_place(job, model.name, model.is_published)])}"
        for model in stage.models
        if model.name in stage.kept
    }
    speaking = [query for query in written.values() if ACCOUNT in connection.sql(query).columns]
    accounts = " union ".join(f"select {ACCOUNT} {query}" for query in speaking)
    expected = _EXPECTED.format(**{name: f"({query})" for name, query in written.items()})
    rows = connection.execute(
        f"select {ACCOUNT}, coalesce(row_count, 0) from ({accounts}) "
        f"left join ({expected}) using ({ACCOUNT}) where {ACCOUNT} is not null"
    ).fetchall()
    each = enumerate(balanced(dict(rows), job.shards))
    pairs = [(account, number) for number, accounts in each for account in accounts]
    connection.execute(
        f"create temp table {SHARDS} as "
        f"select unnest($ids::varchar[]) as {ACCOUNT}, unnest($numbers::integer[]) as shard",
        {"ids": [pair[0] for pair in pairs], "numbers": [pair[1] for pair in pairs]},
    )
    return _write(connection, job, SHARDS, True, None)


def _place(job: Job, table: str, is_published: bool, shard: int | None = None) -> Path:
    folder = job.tables if is_published else job.work
    return folder / (f"{table}.parquet" if shard is None else f"{table}/shard-{shard:04}.parquet")


def _read(files: list[Path]) -> str:
    # A folder of a name like `year=2025` is no column.
    return f"read_parquet({file_list(files)}, hive_partitioning = false)"


def _write(
    connection: Connection, job: Job, table: str, is_published: bool, shard: int | None
) -> Written:
    place = _place(job, table, is_published, shard)
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
