"""Which models run once, which once for every shard of accounts, and what is handed on.

Nothing here names a model: what reads what, and the header's `apart`, say it all.

    before   what the shards read and is of no single account, with all that it reads: once
    shards   what is apart by account: once for every shard, of its own accounts' rows
    after    the rest, of the rows of all shards: once
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tenet.models import Model

ACCOUNT = "account_id"


@dataclass(frozen=True)
class Stage:
    """Models in the order to run them.

    given: tables of earlier stages that they read. kept: their own tables that are published or
    read by later stages.
    """

    models: tuple[Model, ...]
    given: frozenset[str]
    kept: frozenset[str]

    @property
    def reads(self) -> frozenset[str]:
        """Every table that they ask."""
        return _reads(self.models)


@dataclass(frozen=True)
class Stages:
    """The three stages of a build."""

    before: Stage
    shards: Stage
    after: Stage


def staged(found: Sequence[Model]) -> Stages:
    """All models, each in its stage; `found` is in an order to run them, and so is each stage.

    A model that is apart by account but that `before` needs runs there, and is handed on.
    """
    wanted = {name for model in found if ACCOUNT in model.apart for name in model.reads}
    first = set[str]()
    for model in reversed(found):
        is_whole = ACCOUNT not in model.apart and model.name in wanted
        if is_whole or any(model.name in other.reads for other in found if other.name in first):
            first.add(model.name)
    before = [model for model in found if model.name in first]
    shards = [model for model in found if ACCOUNT in model.apart and model.name not in first]
    after = [model for model in found if model not in before and model not in shards]
    return Stages(
        before=_stage(before, earlier=(), later=[*shards, *after]),
        shards=_stage(shards, earlier=before, later=after),
        after=_stage(after, earlier=[*before, *shards], later=()),
    )


def _stage(models: list[Model], *, earlier: Iterable[Model], later: Iterable[Model]) -> Stage:
    made = {model.name for model in earlier}
    wanted = _reads(later)
    kept = {model.name for model in models if model.is_published or model.name in wanted}
    return Stage(tuple(models), _reads(models) & made, frozenset(kept))


def _reads(models: Iterable[Model]) -> frozenset[str]:
    return frozenset(name for model in models for name in model.reads)
