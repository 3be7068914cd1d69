"""`tenet bench regressions`: whether the small household costs half as much again as it did.

CPU seconds only, which other work on the machine changes little, the least of several turns, each
as a ratio to the floors of the same run, `copy` and `loop` together. The ratios that were committed
last are in baseline.json. What looks worse is measured once more before it counts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenet.bench import suite
from tenet.bench.ratios import cpu
from tenet.bench.report import heading, origin
from tenet.errors import BenchRegressed, HomeNotWritable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tenet.bench.suite import Runs

BASELINE = Path(__file__).with_name("baseline.json")
WORSE = 1.5
FLOORS = ("copy", "loop")
JUDGED = (
    "import", "build", "one new day", "build unchanged", "refresh unchanged", "status",
    "net worth", "holdings", "gaps", "returns", "simulate",
)  # fmt: skip


def contest(size: str, place: Path, repeat: int, note: Callable[[str], None]) -> dict[str, float]:
    """The ratio of each command to the floors, of `repeat` turns, or of twice as many."""
    runs: Runs = {}
    for _ in range(2):
        found = suite.contest(size, place, repeat, note, only=(*FLOORS, *JUDGED))
        runs = {name: runs.get(name, []) + each for name, each in found["runs"].items()}
        ratios = to_floors(runs)
        if not (worse := regressed(ratios, baseline())):
            break
        note(f"looks worse: {', '.join(worse)}")
    return ratios


def to_floors(runs: Runs) -> dict[str, float]:
    """CPU of each command that is judged, to that of the floors together."""
    floor = sum(cpu(runs, name) for name in FLOORS)
    return {name: cpu(runs, name) / floor for name in JUDGED}


def regressed(ratios: dict[str, float], before: dict[str, float]) -> dict[str, tuple[float, float]]:
    """What is worse by half, as it is and as it was; a command without a baseline is not."""
    return {
        name: (ratio, before[name])
        for name, ratio in ratios.items()
        if name in before and ratio > WORSE * before[name]
    }


def baseline() -> dict[str, float]:
    """The committed ratios; none where there is no file."""
    return json.loads(BASELINE.read_text()) if BASELINE.exists() else {}


def report(contests: dict[str, dict[str, float]], at: datetime) -> dict[str, Any]:
    """All of it, ready for JSON. at: now."""
    (ratios,) = contests.values()
    before = baseline()
    return origin(at) | {
        "ratios": {
            name: {"value": ratio, "baseline": before.get(name)} for name, ratio in ratios.items()
        }
    }


def table(found: dict[str, Any]) -> str:
    """The report for people, as text."""
    lines = [*heading(found), "", f"  {'CPU, to copy and loop':22}{'now':>7}{'baseline':>10}"]
    for name, ratio in found["ratios"].items():
        before = f"{ratio['baseline']:10.2f}" if ratio["baseline"] else ""
        lines.append(f"  {name:22}{ratio['value']:7.2f}{before}")
    return "\n".join(lines)


def judge(found: dict[str, Any], *, renew: bool) -> None:
    """Raise BenchRegressed when something is worse by half; or renew the baseline.

    Raises HomeNotWritable when the baseline cannot be written.
    """
    ratios = {name: ratio["value"] for name, ratio in found["ratios"].items()}
    if renew:
        rounded = {name: round(ratio, 3) for name, ratio in ratios.items()}
        try:
            BASELINE.write_text(json.dumps(rounded, indent=1) + "\n")
        except OSError as error:
            raise HomeNotWritable(BASELINE, error.strerror or str(error)) from error
    elif worse := regressed(ratios, baseline()):
        raise BenchRegressed(worse)
