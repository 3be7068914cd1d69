"""Many scenarios that differ in a few values, on the same draws."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import blake2b
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from tenet.errors import InputOutOfRange
from tenet.planning.compiling import compiled
from tenet.planning.draws import drawn
from tenet.planning.fan import percentiles
from tenet.planning.scenario import parse
from tenet.planning.simulation import Simulation
from tenet.planning.walk import Memory, walked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from tenet.planning.draws import Draws
    from tenet.planning.plan import Plan
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


def grid(
    parent: Scenario,
    axes: Mapping[str, Sequence[Any]],
    returns: pl.DataFrame | None = None,
    *,
    paths: int | None = None,
    threads: int = 1,
) -> pl.DataFrame:
    """What every combination comes to, a row each in the order of `expanded`.

    Columns: one per axis, scenario_id (a hash of the axis values), success, standard_error, low,
    high, survival, wealth_p10_real, wealth_p50_real, wealth_p90_real (liquid, at the end),
    spending_p10_real, spending_p50_real (of yearly means), basis_year. Draws are made once for all
    that share market and allocation. threads: scenarios walked side by side; same result.
    """
    import polars as pl

    scenarios = expanded(parent, axes)
    plans = [compiled(scenario) for _, scenario in scenarios]
    if paths is not None:
        plans = [replace(plan, paths=paths) for plan in plans]
    rows: list[dict[str, Any]] = [{} for _ in scenarios]
    for members in _groups(scenarios, plans):
        longest = max(members, key=lambda n: (plans[n].steps, plans[n].paths))
        draws = drawn(scenarios[longest][1], plans[longest], returns, threads=threads)
        memory: Memory = {}

        def walk(number: int, draws: Draws = draws, memory: Memory = memory) -> None:
            chosen, scenario = scenarios[number]
            plan = plans[number]
            fitting = drawn(scenario, plan, returns, kept=draws)
            done = Simulation(scenario, plan, fitting, walked(plan, fitting, memory))
            rows[number] = {**chosen, "scenario_id": scenario_id(chosen), **_figures(done)}

        if threads > 1:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(walk, members))
        else:
            for number in members:
                walk(number)
    return pl.DataFrame(rows, infer_schema_length=None)


def scenario_id(chosen: Mapping[str, Any]) -> str:
    """The same for the same axis values."""
    text = json.dumps(dict(sorted(chosen.items())), default=str)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _groups(scenarios: list[tuple[dict[str, Any], Scenario]], plans: list[Plan]) -> list[list[int]]:
    """Numbers of those that share market, seed, paths, step and weights as long as both last."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, ((_, scenario), plan) in enumerate(zip(scenarios, plans, strict=True)):
        key = (
            *(scenario.market.model_dump_json(), plan.seed, plan.paths, plan.steps_per_year),
            *(plan.steps, plan.weights.tobytes()),
        )
        groups.setdefault(key, []).append(number)
    return list(groups.values())


def _figures(done: Simulation) -> dict[str, Any]:
    ends = percentiles(done.outcome.wealth[-1:], (10, 50, 90))[0]
    plan = done.plan
    year = min(-(-plan.retirement // plan.steps_per_year), plan.years - 1)
    spent = percentiles(done.outcome.spending[year:].mean(axis=0)[None], (10, 50))[0]
    return {
        "success": done.success.probability,
        "standard_error": done.success.standard_error,
        "low": done.success.low,
        "high": done.success.high,
        "survival": done.survival.probability,
        "wealth_p10_real": float(ends[0]),
        "wealth_p50_real": float(ends[1]),
        "wealth_p90_real": float(ends[2]),
        "spending_p10_real": float(spent[0]),
        "spending_p50_real": float(spent[1]),
        "basis_year": plan.basis_year,
    }


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
