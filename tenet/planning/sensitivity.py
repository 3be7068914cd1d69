"""Which input matters most: each moved down and up on the same draws (a tornado)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tenet.errors import InputOutOfRange
from tenet.planning import changes
from tenet.planning.simulation import simulate
from tenet.planning.solving import earliest_retirement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from tenet.planning.scenario import Scenario


@dataclass(frozen=True)
class Lever:
    """An input and what a step down and up does to a scenario."""

    name: str
    step: str
    """What one step is, in words."""
    down: Callable[[Scenario], Scenario]
    up: Callable[[Scenario], Scenario]


def sensitivity(
    scenario: Scenario,
    returns: pl.DataFrame | None = None,
    *,
    levers: Sequence[Lever] | None = None,
    measure: Literal["success", "retirement"] = "success",
    confidence: float = 0.9,
    **how: Any,
) -> pl.DataFrame:
    """How far success, or the earliest retirement, moves with each input; the furthest first.

    Columns: input, step, low, base, high, swing. low and high are the measure after a step down and
    up: a probability, or the months from the plan's start to the earliest retirement at
    `confidence` (null where there is none, and then the swing is null and comes first).
    how: paths, seed, threads and kept, as of simulate. Changed allocations or lengths are drawn
    anew from the same seed.
    """
    import polars as pl

    if measure not in ("success", "retirement"):
        raise InputOutOfRange("measure", measure, "success or retirement")
    base_run = simulate(scenario, returns, **how)
    how = dict(how) | {"kept": base_run.draws}

    def measured(one: Scenario) -> float | None:
        if measure == "success":
            return simulate(one, returns, **how).success.probability
        found = earliest_retirement(one, confidence, returns, **how).date
        if found is None:
            return None
        return float((found.year - one.start.year) * 12 + found.month - one.start.month)

    base = measured(scenario)
    rows = []
    for lever in _levers(scenario) if levers is None else levers:
        if measure == "retirement" and lever.name == "retirement":
            continue
        low, high = measured(lever.down(scenario)), measured(lever.up(scenario))
        known = None not in (low, high)
        swing = abs((high or 0.0) - (low or 0.0)) if known else None
        rows.append((lever.name, lever.step, low, base, high, swing))
    columns = ("low", "base", "high", "swing")
    schema = {"input": pl.String, "step": pl.String} | dict.fromkeys(columns, pl.Float64)
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return table.sort("swing", descending=True, nulls_last=False, maintain_order=True)


def _levers(scenario: Scenario) -> list[Lever]:
    """The inputs that this scenario has."""
    found = [
        _scaled("spending", changes.with_spending),
        _scaled("wealth", changes.with_wealth),
        _added("return", "0.5 points a year", changes.with_extra_return, 0.005),
        _added("fee", "0.25 points a year", changes.with_fee, 0.0025),
        _added("length", "5 years", changes.ending, 5),
    ]
    if scenario.market.kind not in ("history", "bootstrap"):
        found.append(_added("inflation", "1 point a year", changes.with_inflation, 0.01))
    kinds = {one.kind for one in scenario.streams if one.enabled} - {"spending"}
    found += [_scaled(kind, _streams(kind)) for kind in sorted(kinds)]
    if len(scenario.market.assets) > 1:
        weights = scenario.allocation[0].weights
        largest = max(weights, key=lambda asset: weights[asset])
        found.append(
            _added(
                f"weight of {largest}",
                "10 points",
                lambda one, more: changes.with_weight(one, largest, more),
                0.1,
            )
        )
    if scenario.retirement is not None:
        found.append(_added("retirement", "12 months", _retiring_later, 12))
    return found


def _scaled(name: str, change: Callable[[Scenario, float], Scenario]) -> Lever:
    return Lever(name, "10 %", lambda one: change(one, 0.9), lambda one: change(one, 1.1))


def _added(name: str, step: str, change: Callable[[Scenario, Any], Scenario], size: float) -> Lever:
    return Lever(name, step, lambda one: change(one, -size), lambda one: change(one, size))


def _streams(kind: Any) -> Callable[[Scenario, float], Scenario]:
    return lambda one, factor: changes.with_streams(one, kind, factor)


def _retiring_later(scenario: Scenario, months: int) -> Scenario:
    calendar = scenario.calendar
    month = min(max(calendar.retirement + months, 0), calendar.years * 12 - 12)
    return changes.retiring(scenario, month)
