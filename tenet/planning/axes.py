"""The scenarios of a grid: a parent with every combination of some values."""

from __future__ import annotations

import json
from hashlib import blake2b
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from tenet.errors import InputOutOfRange
from tenet.planning.scenario import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenet.planning.scenario import Scenario

LIMIT = 2_000
"""Scenarios in one grid."""


def expanded(
    parent: Scenario, axes: Mapping[str, Sequence[Any]]
) -> list[tuple[dict[str, Any], Scenario]]:
    """Every combination of values, the last axis fastest: the values by axis, and the scenario.

    axes: JSON pointer into the parent's document (such as /withdrawal/rate or /streams/0/amount) to
    the values it takes. Raises InputOutOfRange for a pointer that leads nowhere or too many
    combinations, ScenarioInvalid for a value that is not allowed.
    """
    count = prod(len(values) for values in axes.values())
    if not axes or not 1 <= count <= LIMIT:
        raise InputOutOfRange("axes", f"{count if axes else 0} scenarios", f"1 to {LIMIT:,}")
    document = parent.model_dump()
    found = []
    for values in product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        changed = document
        for pointer, value in chosen.items():
            changed = _replaced(changed, pointer.strip("/").split("/"), value, pointer)
        found.append((chosen, parse(changed)))
    return found


def scenario_id(chosen: Mapping[str, Any]) -> str:
    """The same for the same axis values."""
    text = json.dumps(dict(sorted(chosen.items())), default=str)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _replaced(document: Any, parts: list[str], value: Any, pointer: str) -> Any:
    """A copy of a document with the value at that place; the rest is shared."""
    head, rest = parts[0], parts[1:]
    if isinstance(document, dict):
        if head not in document:
            raise InputOutOfRange("axes", pointer, f"a field: {', '.join(map(str, document))}")
        inner = _replaced(document[head], rest, value, pointer) if rest else value
        return {**document, head: inner}
    if isinstance(document, list | tuple) and head.isdecimal() and int(head) < len(document):
        place = int(head)
        inner = _replaced(document[place], rest, value, pointer) if rest else value
        return [*document[:place], inner, *document[place + 1 :]]
    raise InputOutOfRange("axes", pointer, "a JSON pointer into the scenario's document")
