"""Scenarios as a notebook shows them: what tenet.charts and a table widget take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.plans import grids, store
from tenet.plans.balances import filled, parent_of, returns_for

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from tenet.planning.simulation import Simulation
    from tenet.plans.progress import Progress
    from tenet.workspace import Workspace

PREVIEW_PATHS = 2_000
"""Enough to look at while something is changed: the first of the paths of a full run."""


def names(workspace: Workspace, kind: str = "user") -> list[str]:
    """Names of the scenarios of a kind, user or cartesian, in their order."""
    return [one.name for one in store.scenarios(workspace.home) if one.kind == kind]


def simulated(
    workspace: Workspace, name: str, *, paths: int | None = PREVIEW_PATHS, **fields: Any
) -> Simulation:
    """A stored scenario, simulated. paths: None for as many as it says.

    fields: other parts of the document, such as fee=0.01, tried without being written.
    Raises as balances.filled does.
    """
    from tenet.planning.scenario import changed
    from tenet.planning.simulation import simulate

    scenario = filled(workspace, name).scenario
    if fields:
        scenario = changed(scenario, **fields)
    return simulate(scenario, returns_for(scenario), paths=paths)


def fan_frame(
    simulation: Simulation, series: str = "net_worth", basis: str = "real"
) -> pl.DataFrame:
    """Percentiles by year for charts.fan_over_time: valuation_date, p5 to p95, currency, money.

    series: wealth, spending or net_worth (wealth where there is no property or debt). basis: real
    or nominal. money says in words which, such as `USD of 2026`.
    """
    import polars as pl

    fan = simulation.fan if basis == "real" else simulation.fan_nominal
    if series == "net_worth" and series not in fan["series"]:
        series = "wealth"
    plan = simulation.plan
    money = f"{plan.currency} of {plan.basis_year if basis == 'real' else 'the day'}"
    ranks = [column for column in fan.columns if column.endswith(f"_{basis}")]
    return fan.filter(pl.col("series") == series).select(
        pl.col("date").alias("valuation_date"),
        *(pl.col(column).alias(column.removesuffix(f"_{basis}")) for column in ranks),
        pl.lit(plan.currency).alias("currency"),
        pl.lit(money).alias("money"),
    )


def outcomes(simulation: Simulation) -> pl.DataFrame:
    """What every path ends with, for charts.distribution: amount (liquid, real), currency."""
    import polars as pl

    ends = pl.DataFrame({"amount": simulation.outcome.wealth[-1]})
    return ends.with_columns(
        pl.lit(simulation.plan.currency).alias("currency"),
        pl.lit(simulation.plan.basis_year).alias("basis_year"),
    )


def grid_frame(
    workspace: Workspace,
    name: str,
    *,
    paths: int | None = None,
    seed: int | None = None,
    threads: int = 1,
    returns_file: Path | None = None,
) -> pl.DataFrame:
    """What every cell of a stored grid comes to (grids.figures), for charts.parameter_grid.

    Raises NotFound, and as balances.filled does.
    """
    from tenet.errors import InputOutOfRange
    from tenet.planning.scenario import changed

    grid = store.find(workspace.home, name)
    if grid.kind != "cartesian":
        raise InputOutOfRange("grid", repr(name), "a scenario made with --grid")
    parent = filled(
        workspace, parent_of(store.scenarios(workspace.home), grid).scenario_id
    ).scenario
    if seed is not None:
        parent = changed(parent, seed=seed)
    returns = returns_for(parent, returns_file)
    return grids.figures(parent, grid.axes, returns, paths=paths, threads=threads)


def progress_frames(progress: Progress) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A saved fan, and what came true, for charts.fan_over_time; both in money of the basis year.

    The fan: valuation_date, p5 to p95, currency, from the run's start to a year beyond as many
    months again as have passed. What came true: valuation_date, net_worth.
    """
    import polars as pl

    start = progress.fan["date"].min()
    passed = progress.day - progress.run.base_date
    until = progress.day + passed
    until = until.replace(year=until.year + 1, day=1)
    fan = progress.fan.filter(pl.col("date") <= until).select(
        pl.col("date").alias("valuation_date"),
        pl.col("^p.*_real$").name.map(lambda column: column.removesuffix("_real")),
        pl.lit(progress.currency).alias("currency"),
    )
    actual = progress.actual.filter(pl.col("valuation_date") >= start)
    return fan, actual.select("valuation_date", pl.col("net_worth_real").alias("net_worth"))
