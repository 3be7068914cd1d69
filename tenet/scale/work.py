"""The work of one stage, in the process that it is given to: from Parquet files to Parquet files.

A stage may be begun again at any time, on another machine, after its first worker was lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tenet import models, resources, runner, warehouse
from tenet.build import rules
from tenet.errors import OtherRules
from tenet.scale.balance import SHARDS, divide
from tenet.scale.files import place_of, rows_of, write
from tenet.scale.private import Power, private_database
from tenet.scale.stages import ACCOUNT, staged

if TYPE_CHECKING:
    from tenet.database import Connection
    from tenet.scale.files import Job, Written
    from tenet.scale.stages import Stage, Stages

    Name = Literal["before", "shards", "after"]


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
                written.append(write(connection, job, model.name, model.is_published, shard))
            runner.drop_spent(connection, model, stage.models, left=stage.models[number:])
        if name == "before":
            written.append(divide(connection, job, stage))
    return written


def _make_ready(connection: Connection, job: Job, stage: Stage) -> None:
    """What the models read that is no model's: of the landed rows only what they ask for."""
    given = job.ingredients
    raw = {name: query for name, query in given.raw.items() if f"raw_{name}" in stage.reads}
    runner.prepare(connection, raw, given.values, resources.folder("sql"))
    warehouse.remember(connection, given.facts, given.landed)
    warehouse.show_published(connection, None, {})


def _hand_on(
    connection: Connection, job: Job, stages: Stages, stage: Stage, shard: int | None, of: int
) -> None:
    """The tables of earlier stages as views; for a shard, of its own accounts where they tell."""
    if shard is not None:
        listed = rows_of([place_of(job, SHARDS, True)])
        mine = f"select {ACCOUNT} from {listed} where shard = {shard}"
        connection.execute(f"create temp table accounts_of_shard as {mine}")
    every = {model.name: model for one in (stages.before, stages.shards) for model in one.models}
    for name in sorted(stage.given):
        numbers: list[int | None] = [*range(of)] if name in stages.shards.kept else [None]
        files = [place_of(job, name, every[name].is_published, number) for number in numbers]
        query = f"from {rows_of(files)}"
        if shard is not None and ACCOUNT in connection.sql(query).columns:
            query += f" where {ACCOUNT} in (from accounts_of_shard)"
        connection.execute(f"create temp view {name} as {query}")
