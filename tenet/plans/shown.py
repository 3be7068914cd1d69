"""Grids and progress as tables: what tenet.charts takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.plans import grids, store
from tenet.plans.balances import filled, parent_of, returns_for

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from tenet.plans.progress import Progress
    from tenet.workspace import Workspace


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
    months again as have passed. What came true: valuation_date, net_worth; each month's last day.
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
    actual = progress.actual.filter(pl.col("valuation_date") >= start).sort("valuation_date")
    month = pl.col("valuation_date").dt.truncate("1mo").alias("month")
    ends = actual.group_by(month, maintain_order=True).last()
    return fan, ends.select("valuation_date", net_worth="net_worth_real")
