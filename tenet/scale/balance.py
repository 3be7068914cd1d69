"""Which account goes into which shard."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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
