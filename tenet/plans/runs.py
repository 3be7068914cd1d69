"""Saved runs: what a scenario said on a day. Never changed; a later row of one is ignored."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.database import rows
from tenet.errors import NotFound
from tenet.plans.documents import canonical, digest

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    import polars as pl

    from tenet.planning.simulation import Simulation
    from tenet.plans.balances import Filled
    from tenet.plans.documents import Document

    Row = dict[str, Any]

_OLDEST = """
from raw_plan_runs
qualify row_number() over (partition by run_id order by landing_id) = 1
order by edited_at desc, run_id
"""


@dataclass(frozen=True)
class Run:
    """One saved run. Fractions for success; `fan` and `expected` as planning.monthly has them.

    base_date: at whose end the plan begins: the day of the balances, else that before its first
    month. version: of the scenario then. inputs: its document with every balance. input_hash: of
    inputs, table of returns, seed, paths and engine. revision and through_date: of the build that
    balances came from. left_out: accounts of that build that were not in the scenario.
    """

    run_id: str
    created_at: datetime
    scenario_id: str
    scenario_name: str
    version: str
    base_date: date
    currency: str
    basis_year: int
    seed: int
    paths: int
    engine_version: str
    numpy_version: str
    input_hash: str
    returns_hash: str | None
    revision: str | None
    through_date: date | None
    success: float
    success_low: float
    success_high: float
    left_out: tuple[str, ...] = ()
    goals: list[Row] = field(default_factory=list, repr=False)
    inputs: Document = field(default_factory=dict, repr=False)
    _fan: Row = field(default_factory=dict, repr=False)
    _expected: Row = field(default_factory=dict, repr=False)

    @property
    def fan(self) -> pl.DataFrame:
        """Real percentiles of every month (planning.monthly.monthly_fan), to the cent."""
        return _table(self._fan)

    @property
    def expected(self) -> pl.DataFrame:
        """The future without chance (planning.monthly.monthly_expected), to the cent."""
        return _table(self._expected)


def save(
    home: Path,
    filled: Filled,
    simulation: Simulation,
    returns: pl.DataFrame | None = None,
    *,
    at: datetime,
) -> Run:
    """Land what a simulation came to, for good. Lock holder only.

    filled: a stored scenario, whose simulation it is. returns: the table it was simulated with.
    """
    import numpy as np

    from tenet.frames import frame
    from tenet.planning.monthly import monthly_expected, monthly_fan
    from tenet.planning.simulation import VERSION

    assert filled.stored is not None  # what is saved is a scenario of the store
    plan, scenario, success = simulation.plan, simulation.scenario, simulation.success
    inputs = scenario.model_dump(mode="json")
    returns_hash = None if returns is None else digest(returns.to_dict(as_series=False))
    made_of = [inputs, returns_hash, plan.seed, plan.paths, VERSION]
    input_hash = digest(made_of)
    begin = scenario.start.replace(day=1) - timedelta(days=1)
    row = {
        "run_id": f"{at:%Y%m%dT%H%M%S}-{digest([input_hash, str(at)])[:8]}",
        "edited_at": at,
        "scenario_id": filled.stored.scenario_id,
        "scenario_name": filled.stored.name,
        "version": filled.stored.version,
        "inputs": canonical(inputs),
        "input_hash": input_hash,
        "returns_hash": returns_hash,
        "seed": plan.seed,
        "paths": simulation.outcome.paths,
        "engine_version": VERSION,
        "numpy_version": np.__version__,
        "base_date": max(begin, filled.day or begin),
        "revision": filled.revision,
        "through_date": filled.day,
        "left_out": canonical(list(filled.left_out)),
        "currency": plan.currency,
        "basis_year": plan.basis_year,
        "success": _fraction(success.probability),
        "success_low": _fraction(success.low),
        "success_high": _fraction(success.high),
        "goals": canonical(simulation.goals.to_dicts()),
        "fan": _text(monthly_fan(simulation)),
        "expected": _text(monthly_expected(simulation, returns)),
    }
    lake.land(home, "plan", {"plan_runs": frame("plan_runs", [row])}, at=at)
    return _run(row)


def runs(home: Path, scenario_id: str | None = None) -> list[Run]:
    """Every saved run, of one scenario or of all, the newest first."""
    with lake.reading(home, "plan_runs") as connection:
        found = rows(connection, _OLDEST)
    return [_run(row) for row in found if scenario_id in (None, row["scenario_id"])]


def find_run(home: Path, wanted: str) -> Run:
    """The run of that id (or of the only one that begins so), else a scenario's newest.

    Raises NotFound.
    """
    known = runs(home)
    named = [one for one in known if one.run_id == wanted] or [
        one for one in known if wanted and one.run_id.startswith(wanted)
    ]
    if len(named) == 1:
        return named[0]
    for one in known:
        if not named and wanted.casefold() in (one.scenario_id, one.scenario_name.casefold()):
            return one
    raise NotFound("saved run", wanted, [one.run_id for one in named or known])


def _run(row: Row) -> Run:
    names = set(Run.__dataclass_fields__) & row.keys()
    floats = ("success", "success_low", "success_high")
    plain = {name: row[name] for name in names if name not in floats}
    return Run(
        **plain
        | {name: float(row[name]) for name in floats}
        | {
            "created_at": row["edited_at"],
            "left_out": tuple(json.loads(row["left_out"] or "[]")),
            "goals": json.loads(row["goals"] or "[]"),
            "inputs": json.loads(row["inputs"]),
            "_fan": json.loads(row["fan"]),
            "_expected": json.loads(row["expected"]),
        }
    )


def _text(table: pl.DataFrame) -> str:
    """A table by columns; amounts to the cent, price levels as they are."""
    import polars as pl

    money = [name for name in table.columns if name.endswith(("_real", "_nominal"))]
    return canonical(table.with_columns(pl.col(money).round(2)).to_dict(as_series=False))


def _table(columns: Row) -> pl.DataFrame:
    import polars as pl

    money = [name for name in columns if name.endswith(("_real", "_nominal", "_level"))]
    table = pl.DataFrame(columns, schema_overrides=dict.fromkeys(money, pl.Float64))
    return table.with_columns(pl.col("date").str.to_date())


def _fraction(number: float) -> Decimal:
    return round(Decimal(repr(number)), 10)
