"""What a simulation costs, beside drawing as many random numbers in the same run.

The floor: drawing and exponentiating as many normals as the simulation needs, by NumPy in double
precision. 10,000 paths of 60 years by month, three correlated assets, guardrails. `cold` draws its
numbers, `warm` is a what-if on those drawn; `grid` is 500 scenarios on common draws, on all cores.
`python -m tenet.bench.planning TURNS` measures, in one process.
"""

from __future__ import annotations

import json
import os
import sys
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from tenet.bench.homes import PYTHON
from tenet.bench.measure import run
from tenet.bench.report import heading, origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tenet.planning.scenario import Scenario

NAME = "Bench"
PATHS, YEARS, ASSETS, CELLS = 10_000, 60, 3, 500
MEGABYTE = 1_000_000
_RATIOS = {
    "cold to floor": ("cold", "floor", 2.0),
    "warm to cold": ("warm", "cold", 0.2),
    "grid to cold": ("grid", "cold", 15.0),
}


def contest(size: str, place: Path, repeat: int, note: Callable[[str], None]) -> dict[str, Any]:
    """CPU seconds of the floor and of each simulation, `repeat` turns, and the memory of one.

    size, place: of no matter here. note: told what happens.
    """
    del size, place
    note(f"{PATHS:,} paths of {YEARS} years, {repeat} turns")
    found: dict[str, Any] = json.loads(
        run([PYTHON, "-m", "tenet.bench.planning", str(repeat)]).output
    )
    return found


def measured(turns: int) -> dict[str, Any]:
    """CPU and wall seconds by what was done, and the megabytes that a cold run adds."""
    import resource

    import numpy as np

    from tenet.planning.changes import with_spending
    from tenet.planning.grid import grid
    from tenet.planning.simulation import simulate

    scenario = household()
    amounts = [40_000 + 40 * number for number in range(CELLS)]
    random = np.random.Generator(np.random.SFC64(1))
    cpu: dict[str, list[float]] = {}
    wall: dict[str, list[float]] = {}

    def take(name: str, call: Callable[[], object]) -> object:
        wall_start, cpu_start = perf_counter(), process_time()
        found = call()
        cpu.setdefault(name, []).append(process_time() - cpu_start)
        wall.setdefault(name, []).append(perf_counter() - wall_start)
        return found

    def fanned(one: Scenario, **how: Any) -> Any:
        found = simulate(one, **how)
        found.fan  # noqa: B018 (percentiles are part of the answer)
        return found

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = fanned(scenario).draws
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    for _ in range(turns):
        take("floor", lambda: np.exp(random.standard_normal((12 * YEARS, PATHS, ASSETS))))
        take("cold", lambda: fanned(scenario))
        take("warm", lambda: fanned(with_spending(scenario, 1.01), kept=kept))
    cores = os.cpu_count() or 1
    take("grid", lambda: grid(scenario, {"/streams/0/amount": amounts}, threads=cores))
    scale = 1 if sys.platform == "darwin" else 1024
    return {"cpu": cpu, "wall": wall, "memory_mb": added * scale / MEGABYTE}


def household() -> Scenario:
    """What `document` says, as the planner reads it."""
    from tenet.planning.scenario import parse

    return parse(document())


def document() -> dict[str, Any]:
    """Somebody of thirty-five who has retired: one account, three assets, guardrails."""
    return {
        "name": NAME,
        "currency": "USD",
        "start": "2026-01-01",
        "basis_year": 2026,
        "people": [{"name": "Robin", "born": "1991-01-01", "end_age": 35 + YEARS}],
        "retirement": {"date": "2026-01-01"},
        "accounts": [{"name": "All", "kind": "free", "balance": 1_200_000}],
        "streams": [{"name": "Living", "kind": "spending", "amount": 48_000}],
        "allocation": [{"weights": {"stocks": 0.6, "bonds": 0.3, "bills": 0.1}}],
        "market": {
            "kind": "lognormal",
            "log_mean": {"stocks": 0.05, "bonds": 0.014, "bills": 0.003},
            "log_sd": {"stocks": 0.17, "bonds": 0.07, "bills": 0.02},
            "correlation": [[1, 0.1, 0], [0.1, 1, 0.3], [0, 0.3, 1]],
        },
        "withdrawal": {"kind": "guyton_klinger", "initial_rate": 0.04},
        "paths": PATHS,
    }


def report(contests: dict[str, dict[str, Any]], at: datetime) -> dict[str, Any]:
    """All of it, ready for JSON; ratios of the least wall seconds beside their targets."""
    (found,) = list(contests.values())[:1]
    ratios = {
        name: {"value": min(found["wall"][of]) / min(found["wall"][to]), "target": target}
        for name, (of, to, target) in _RATIOS.items()
    }
    return origin(at) | found | {"ratios": ratios}


def table(found: dict[str, Any]) -> str:
    """The report for people, as text."""
    lines = heading(found)
    lines += ["", f"{PATHS:,} paths of {YEARS} years by month, {ASSETS} assets, guardrails"]
    lines.append(f"  {'milliseconds':16}{'CPU, least':>12}{'median':>9}{'wall, least':>13}")
    for name, seconds in found["cpu"].items():
        wall = min(found["wall"][name]) * 1e3
        lines.append(
            f"  {name:16}{min(seconds) * 1e3:12.0f}{median(seconds) * 1e3:9.0f}{wall:13.0f}"
        )
    for name, ratio in found["ratios"].items():
        lines.append(f"  {name:16}{ratio['value']:12.2f}   target {ratio['target']:g}")
    lines.append(f"  a cold run adds {found['memory_mb']:.0f} MB")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(int(sys.argv[1]))))
