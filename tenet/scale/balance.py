"""Which account goes into which shard, so that shards are about as large."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from tenet.database import Error, connect, trouble
from tenet.scale.files import place_of, rows_of, write
from tenet.scale.stages import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenet.database import Connection
    from tenet.scale.files import Job, Written
    from tenet.scale.stages import Stage

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


def balanced(rows: Mapping[str, int], shards: int) -> list[list[str]]:
    """The accounts of each shard: the greatest account first, each into the lightest shard.

    rows: what each account is expected to come to; of equal ones the names decide.
    Returns as many shards as asked for, fewer where there are fewer accounts, but one at least.
    An account is never split, so no shard is lighter than the greatest account.
    """
    count = max(1, min(shards, len(rows)))
    found: list[list[str]] = [[] for _ in range(count)]
    lightest = [(0, number) for number in range(count)]
    for account in sorted(rows, key=lambda account: (-rows[account], account)):
        weight, number = lightest[0]
        found[number].append(account)
        heapq.heapreplace(lightest, (weight + max(rows[account], 1), number))
    return [sorted(accounts) for accounts in found]


def divide(connection: Connection, job: Job, stage: Stage) -> Written:
    """Write which account goes into which shard: every account that a table kept speaks of.

    stage: `before`, carried out.
    """
    written = {
        model.name: f"from {rows_of([place_of(job, model.name, model.is_published)])}"
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
    shards = enumerate(balanced(dict(rows), job.shards))
    pairs = [(account, number) for number, shard in shards for account in shard]
    connection.execute(
        f"create temp table {SHARDS} as "
        f"select unnest($ids::varchar[]) as {ACCOUNT}, unnest($numbers::integer[]) as shard",
        {"ids": [pair[0] for pair in pairs], "numbers": [pair[1] for pair in pairs]},
    )
    return write(connection, job, SHARDS, True)


def accounts_of_shards(job: Job) -> dict[int, int]:
    """How many accounts each shard has, once the stage `before` is done; one shard at least."""
    connection = connect()
    try:
        listed = rows_of([place_of(job, SHARDS, True)])
        counted = f"select shard, count(*) from {listed} group by shard order by shard"
        return dict(connection.execute(counted).fetchall()) or {0: 0}
    except Error as error:
        raise trouble(error, job.folder) from error
    finally:
        connection.close()
