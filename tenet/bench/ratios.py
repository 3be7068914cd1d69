"""What the runs of a contest come to: ratios within one run, and what each is to be at most.

Everything is wall time unless CPU is said, of the least of the runs. Reading raw leaves out the
start of Python and DuckDB. What is compared with the values are seconds of models in the last
build; see tenet/bench/shares.py. Milliseconds are the median answer inside of one process.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from tenet.bench.shares import VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenet.bench.suite import Runs

GB = 1e9
ALL = ("small", "family", "whale", "xl")
TARGETS: dict[str, dict[str, str]] = {
    "build to write floor, CPU": {"family": "<= 5", "whale": "<= 3", "xl": "<= 2.5"},
    "build to NumPy cents, CPU": {"whale": "<= 10"},
    "build to Polars join, CPU": {},
    "Python loop to build": {"family": ">= 4"},
    "reading raw to build": dict.fromkeys(ALL[1:], "<= 0.1"),
    "one new day to build": {"family": "<= 0.35", "whale": "<= 0.15", "xl": "<= 0.25"},
    "exact to DOUBLE cents, CPU": dict.fromkeys(ALL[1:3], "<= 1.25"),
    "gaps and checks to values": dict.fromkeys(ALL[1:3], "<= 0.3"),
    "bridge to values": dict.fromkeys(ALL[1:3], "<= 0.3"),
    "lots and returns to values": {},
    "allocation and owners to values": {},
    "peak memory of build, GB": {"family": "<= 0.6", "whale": "<= 2", "xl": "<= 4"},
    "net-worth series, ms": {"family": "<= 50", "whale": "<= 100"},
    "one day's holdings, ms": {"family": "<= 50", "whale": "<= 100"},
    "one account's history, ms": {"family": "<= 50", "whale": "<= 100"},
    "one holding's history, ms": {"family": "<= 50", "whale": "<= 100"},
    "status to Python start": dict.fromkeys(ALL, "<= 4"),
    "unchanged build to Python start": {},
    "unchanged refresh to DuckDB start": {},
    "net worth to DuckDB start": {},
    "holdings to DuckDB start": {},
    "gaps to DuckDB start": {},
    "returns to DuckDB start": {},
    "simulate to DuckDB start": {},
}
"""Every ratio in the order of reports, with the sizes that have a target."""
_OF_RUNS = {
    "build to write floor, CPU": ("build", "copy"),
    "build to NumPy cents, CPU": ("build", "numpy"),
    "build to Polars join, CPU": ("build", "join"),
    "Python loop to build": ("loop", "build"),
    "one new day to build": ("one new day", "build"),
    "exact to DOUBLE cents, CPU": ("build", "DOUBLE build"),
    "status to Python start": ("status", "python"),
    "unchanged build to Python start": ("build unchanged", "python"),
    "unchanged refresh to DuckDB start": ("refresh unchanged", "duckdb"),
    "net worth to DuckDB start": ("net worth", "duckdb"),
    "holdings to DuckDB start": ("holdings", "duckdb"),
    "gaps to DuckDB start": ("gaps", "duckdb"),
    "returns to DuckDB start": ("returns", "duckdb"),
    "simulate to DuckDB start": ("simulate", "duckdb"),
}
_OF_PARTS = {
    "gaps and checks to values": ("trust",),
    "bridge to values": ("bridge",),
    "lots and returns to values": ("lots", "returns"),
    "allocation and owners to values": ("allocation",),
}


def ratios(
    runs: Runs, answers: Mapping[str, list[float]], parts: Mapping[str, float]
) -> dict[str, float]:
    """Every ratio whose contestants took part, in the order of TARGETS.

    answers: seconds of each. parts: seconds of each part of the last build.
    """
    wall = {name: min(run.wall for run in each) for name, each in runs.items()}
    found = {
        name: (cpu(runs, of) / cpu(runs, to) if name.endswith("CPU") else wall[of] / wall[to])
        for name, (of, to) in _OF_RUNS.items()
        if of in runs and to in runs
    }
    for name, chosen in _OF_PARTS.items():
        found[name] = sum(parts[part] for part in chosen) / parts[VALUES]
    for name, seconds in answers.items():
        found[f"{name}, ms"] = median(seconds) * 1e3
    found["reading raw to build"] = max(wall["scan"] - wall["duckdb"], 0) / wall["build"]
    found["peak memory of build, GB"] = max(run.peak for run in runs["build"]) / GB
    return {name: found[name] for name in TARGETS if name in found}


def cpu(runs: Runs, name: str) -> float:
    """The least CPU seconds of a contestant."""
    return min(run.cpu for run in runs[name])


def share_of_target(value: float, target: str) -> float:
    """How much of its target a ratio takes: 1 is just met, more is missed."""
    sign, limit = target.split()
    return value / float(limit) if sign == "<=" else float(limit) / value
