"""Who takes part in a contest: tenet's own commands, and the floors that they are compared with.

Homes below one place: `home` is the household; `next` has one more day's landing and, at the start
of each turn, the build of the day before; `double` is built by a tenet with DOUBLE cents, a copy in
`double-tenet`; `new` is what `import` fills.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tenet.bench import doubles, planning
from tenet.bench.homes import PUBLISHED, PYTHON, make_home, make_twin, tenet_command, unpublish
from tenet.bench.households import LAST_DAY, household
from tenet.bench.measure import run
from tenet.bench.tomorrow import NEXT_DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

SIZES = {"loop": ("small", "family"), "join": ("small", "family", "whale")}
"""Floors that are only asked of some sizes: the others would take them too long, or too much."""
HOLDINGS = f"select * from daily_holding_values where valuation_date = '{LAST_DAY}'"


@dataclass(frozen=True)
class Contestant:
    """A command; what it left in an earlier turn is forgotten first.

    inside: the folder that it runs in. builds: the home whose build it makes, and its rows.
    """

    command: list[str]
    forget: Callable[[], None] = lambda: None
    inside: Path | None = None
    builds: tuple[Path, int] | None = None


def set_stage(place: Path) -> None:
    """Make the other homes beside `home`, which is filled but not built."""
    home = place / "home"
    (place / "plan.json").write_text(json.dumps(planning.document()))
    run(tenet_command(home, "scenario", "import", str(place / "plan.json")))
    make_home(place / "new")
    make_twin(home, place / "double")
    doubles.write(place / "double-tenet")
    run([PYTHON, "-m", "tenet.bench.tomorrow", str(place / "import"), str(place / "tomorrow")])
    run(tenet_command(make_twin(home, place / "next"), "import", str(place / "tomorrow")))


def contestants(size: str, place: Path) -> dict[str, Contestant]:
    """The contestants in the order of their turns: a build comes before what needs it."""
    home, one = place / "home", household(size)
    rows = one.daily_values
    floor = [PYTHON, "-m", "tenet.bench.floors"]

    def on_home(*words: str) -> Contestant:
        return Contestant(tenet_command(home, "--today", str(LAST_DAY), *words))

    def build(
        of: Path, day: date, rows: int, forget: Callable[[], None], inside: Path | None = None
    ) -> Contestant:
        command = tenet_command(of, "build", "--today", str(day))
        return Contestant(command, forget, inside, builds=(of, rows))

    double, day_more = place / "double", place / "next"
    more_rows = rows + one.accounts * one.holdings
    found = {
        "python": Contestant([PYTHON, "-c", ""]),
        "duckdb": Contestant([PYTHON, "-c", "from tenet.database import connect; connect()"]),
        "import": Contestant(
            tenet_command(place / "new", "import", str(place / "import")),
            lambda: shutil.rmtree(place / "new" / "raw", ignore_errors=True),
        ),
        "scan": Contestant([*floor, "scan", str(home)]),
        "build": build(home, LAST_DAY, rows, partial(unpublish, home)),
        "DOUBLE build": build(
            double, LAST_DAY, rows, partial(unpublish, double), place / "double-tenet"
        ),
        "build unchanged": on_home("build"),
        "refresh unchanged": on_home("refresh", "--no-sync", "--no-prices"),
        "one new day": build(day_more, NEXT_DAY, more_rows, partial(_go_back, home, day_more)),
        "status": on_home("status"),
        "net worth": on_home("networth", "--history", "--csv"),
        "holdings": on_home("sql", HOLDINGS, "--csv"),
        "gaps": on_home("gaps", "--json"),
        "returns": on_home("returns", "--json"),
        "simulate": on_home("scenario", "simulate", planning.NAME, "--json"),
        "copy": Contestant(
            [*floor, "copy", str(home / PUBLISHED[0]), str(place / "copy.duckdb")],
            lambda: (place / "copy.duckdb").unlink(missing_ok=True),
        ),
        "numpy": Contestant([*floor, "numpy", str(home / PUBLISHED[0])]),
        "join": Contestant([*floor, "join", str(home), str(place / "join.parquet")]),
        "loop": Contestant([*floor, "loop", str(home), str(place / "loop.csv")]),
    }
    return {name: who for name, who in found.items() if size in SIZES.get(name, (size,))}


def _go_back(home: Path, day_more: Path) -> None:
    """Publish in `day_more` what `home` has: the build of the day before."""
    shutil.rmtree(day_more / "raw" / "audit", ignore_errors=True)
    for name in PUBLISHED:
        shutil.copy(home / name, day_more / name)
