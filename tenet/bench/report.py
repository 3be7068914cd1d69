"""The runs as a report: numbers, ratios with their targets, and the machine they were made on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tenet import __version__
from tenet.bench.ratios import GB, TARGETS, ratios
from tenet.bench.shares import shares

if TYPE_CHECKING:
    from datetime import datetime

    from tenet.bench.suite import Runs

SLOWEST = 10


def report(contests: dict[str, dict[str, Any]], at: datetime) -> dict[str, Any]:
    """All of it, ready for JSON.

    contests: what `suite.contest` returned, by size. at: now.
    Times are seconds, memory is bytes; what the ratios are, tenet/bench/ratios.py says.
    """
    return origin(at) | {"sizes": {size: _size(size, found) for size, found in contests.items()}}


def origin(at: datetime) -> dict[str, Any]:
    """When, of what and on which machine something was measured."""
    return {
        "measured_at": at.isoformat(timespec="seconds"),
        "tenet": __version__,
        "commit": _commit(),
        "machine": _machine(),
    }


def heading(found: dict[str, Any]) -> list[str]:
    """The same for people, as lines."""
    machine, commit = found["machine"], found["commit"] or "no commit"
    cores = f"{machine['cores']} cores of {machine['cpu']}, {machine['memory'] / GB:.0f} GB"
    return [
        f"tenet {found['tenet']} at {commit}, {found['measured_at']}",
        f"{cores}; Python {machine['python']}, DuckDB {machine['duckdb']}",
    ]


def table(found: dict[str, Any]) -> str:
    """The report for people, as text."""
    lines = heading(found)
    for size, part in found["sizes"].items():
        rows, years = part["household"]["daily_values"], part["household"]["years"]
        lines += ["", f"{size}: {rows:,} daily values of {years} years"]
        lines.append(f"  {'seconds':17}{'wall':>9}{'median':>9}{'CPU':>9}{'peak MB':>9}")
        for name, run in part["runs"].items():
            numbers = f"{run['wall']:9.3f}{run['wall_median']:9.3f}{run['cpu']:9.3f}"
            lines.append(f"  {name:17}{numbers}{run['peak'] / 1e6:9.0f}")
        lines.append(f"  {'ratio':33}{'':>9}   target")
        for name, ratio in part["ratios"].items():
            lines.append(f"  {name:33}{ratio['value']:9.2f}   {ratio['target'] or ''}".rstrip())
        lines.append(f"  {'milliseconds of an answer':33}{'least':>9}{'median':>9}")
        for name, answer in part["answers"].items():
            lines.append(f"  {name:33}{answer['least'] * 1e3:9.1f}{answer['median'] * 1e3:9.1f}")
        told = ", ".join(f"{name} {spent:.2f} s" for name, spent in part["parts"].items())
        lines.append(f"  of the models: {told}")
        lines.append(f"  slowest models, of {sum(part['seconds'].values()):.2f} s in all")
        slowest = list(part["seconds"].items())[:SLOWEST]
        lines += [f"  {name:33}{seconds:9.3f}" for name, seconds in slowest]
    return "\n".join(lines)


def _size(size: str, found: dict[str, Any]) -> dict[str, Any]:
    runs: Runs = found["runs"]
    parts = shares(found["seconds"])
    return {
        "household": found["household"],
        "runs": {
            name: {
                "wall": min(run.wall for run in each),
                "wall_median": median(run.wall for run in each),
                "cpu": min(run.cpu for run in each),
                "cpu_median": median(run.cpu for run in each),
                "peak": max(run.peak for run in each),
                "walls": [run.wall for run in each],
            }
            for name, each in runs.items()
        },
        "answers": {
            name: {"least": min(each), "median": median(each)}
            for name, each in found["answers"].items()
        },
        "ratios": {
            name: {"value": value, "target": TARGETS[name].get(size)}
            for name, value in ratios(runs, found["answers"], parts).items()
        },
        "parts": parts,
        "seconds": dict(sorted(found["seconds"].items(), key=lambda item: -item[1])),
    }


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "cpu": _cpu_model(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "duckdb": version("duckdb"),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _commit() -> str | None:
    """The checkout's commit, with `+` when files differ from it; None outside of git."""
    try:
        commit, changes = _git("rev-parse", "--short=12", "HEAD"), _git("status", "--porcelain")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+" if changes else commit


def _git(*words: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
