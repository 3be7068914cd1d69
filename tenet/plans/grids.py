"""Grids: a parent scenario and axes, expanded to scenarios that are only read."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from tenet.errors import InputOutOfRange, NotFound
from tenet.plans.documents import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from tenet.planning.scenario import Scenario
    from tenet.plans.store import Stored

    Axes = Mapping[str, Sequence[Any]]


def cells(parent: Stored, axes: Axes) -> dict[str, dict[str, Any]]:
    """The values of every cell by its id, a hash of them; the last axis fastest.

    Raises InputOutOfRange for an axis that leads nowhere or too many cells, ScenarioInvalid for a
    value that is not allowed.
    """
    from tenet.planning.axes import expanded, scenario_id
    from tenet.planning.scenario import parse

    scenario = parse(parent.document)
    expanded(scenario, _pointers(scenario, axes))
    chosen = (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
    return {scenario_id(values): values for values in chosen}


def cell(parent: Stored, grid: Stored, cell_id: str) -> dict[str, Any]:
    """The document of one cell, called `<grid>/<id>`. Raises NotFound."""
    from tenet.planning.scenario import parse
    from tenet.plans.documents import with_value

    known = cells(parent, grid.axes)
    if cell_id not in known:
        raise NotFound(f"cell of {grid.name}", cell_id, known)
    full = parse(parent.document).model_dump(mode="json")
    for pointer, value in known[cell_id].items():
        full = with_value(full, pointer, value)
    return full | {"name": f"{grid.name}/{cell_id}"}


def figures(
    parent: Scenario, axes: Axes, returns: pl.DataFrame | None = None, **how: Any
) -> pl.DataFrame:
    """What every cell comes to, in one run: the rows of planning.grid.grid, axes named as here.

    parent: with its balances. how: paths and threads, as of planning.grid.grid.
    """
    import polars as pl

    from tenet.planning.axes import scenario_id
    from tenet.planning.grid import grid

    pointers = _pointers(parent, axes)
    names = dict(zip(pointers, axes, strict=True))
    found = grid(parent, pointers, returns, **how).rename(names)
    chosen = (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
    ids = pl.Series("scenario_id", [scenario_id(values) for values in chosen])
    return found.with_columns(ids)


def _pointers(parent: Scenario, axes: Axes) -> dict[str, Sequence[Any]]:
    document = parent.model_dump()
    found = {"/" + "/".join(resolved(document, name)): values for name, values in axes.items()}
    if len(found) < len(axes):
        raise InputOutOfRange("axes", ", ".join(axes), "each field once")
    return found
