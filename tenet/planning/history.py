"""Growth taken from a table of the past: every stretch of it, or random blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenet.errors import ReturnsRefused
from tenet.planning.normals import BLOCK, BLOCKS, each_block, stream

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from tenet.planning.markets import Bootstrap, History
    from tenet.planning.plan import Floats, Plan

    Grown = npt.NDArray[np.floating]


def windows(
    market: History, plan: Plan, returns: pl.DataFrame | None
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Real growth and inflation per step, (T, N) float64, and the year in which each path begins.

    One path for each row of the table with enough rows after it (with wrap: for each row).
    """
    assets, inflation, first = _table(market, plan, returns)
    rows = len(inflation)
    needed = plan.steps if market.period == "month" else plan.years
    count = rows if market.wrap else rows - needed + 1
    if count < 1:
        raise ReturnsRefused(
            f"given {rows} {market.period}s; allowed is {needed} or more",
            hint="shorten the plan, or let the table wrap around",
        )
    starts = np.arange(count)
    growth, prices = np.empty((plan.steps, count)), np.empty((plan.steps, count))
    for step in range(plan.steps):
        row = (starts + _row(market, plan, step)) % rows
        growth[step] = (assets @ plan.weights[step])[row]
        prices[step] = inflation[row]
    per_row = 12 if market.period == "month" else 1
    return growth, prices, first + starts // per_row


def blocks_drawn(
    market: Bootstrap, plan: Plan, returns: pl.DataFrame | None, paths: int, threads: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Real growth and inflation per step, (T, paths) float32, from random blocks of the table."""
    assets, inflation, _ = _table(market, plan, returns)
    rows = len(inflation)
    length = market.block_months if market.period == "month" else market.block_months // 12
    choices = rows if market.wrap else rows - length + 1
    if choices < 1:
        raise ReturnsRefused(f"given {rows} {market.period}s; allowed is a block of {length}")
    growth = np.empty((plan.steps, paths), np.float32)
    prices = np.empty((plan.steps, paths), np.float32)
    held = (assets @ plan.weights.T).astype(np.float32).T
    prices_of = inflation.astype(np.float32)
    per_row = plan.steps_per_year if market.period == "year" else 1

    def work(block: int, columns: slice) -> None:
        generator = stream(plan.seed, BLOCKS, block)
        starts, width = np.zeros(BLOCK, np.int64), columns.stop - columns.start
        for number in range(-(-plan.steps // per_row)):
            if number % length == 0:
                starts = generator.integers(0, choices, BLOCK)
            row = ((starts + number % length) % rows)[:width]
            steps = slice(number * per_row, (number + 1) * per_row)
            growth[steps, columns] = held[steps][:, row]
            prices[steps, columns] = prices_of[row]

    each_block(paths, threads, work)
    return growth, prices


def geometric_growth(market: History, plan: Plan, returns: pl.DataFrame | None) -> Floats:
    """The mean real growth factor of a step for each asset, (A,), and of prices: (A + 1,)."""
    assets, inflation, _ = _table(market, plan, returns)
    logs = np.log(np.column_stack([assets, 1 + inflation]))
    return np.asarray(np.exp(logs.mean(axis=0)))


def _row(market: History, plan: Plan, step: int) -> int:
    """The row of the table, counted from the first, that a step takes."""
    return step if market.period == "month" else step // plan.steps_per_year


def _table(market: History, plan: Plan, returns: pl.DataFrame | None) -> tuple[Floats, Floats, int]:
    """Real growth per step of each asset (rows, A), inflation per step, and the first year."""
    if returns is None:
        raise ReturnsRefused(
            f"given none; a market of kind {market.kind} needs one",
            hint="pass the shipped table data/annual_returns.csv or your own as a frame",
        )
    if returns.height == 0:
        raise ReturnsRefused("given no rows; allowed is a row per year or month, in order")
    wanted = [*market.columns.values(), market.inflation]
    missing = [column for column in wanted if column not in returns.columns]
    if missing:
        raise ReturnsRefused(
            f"given without {', '.join(missing)}; columns are {', '.join(returns.columns)}"
        )
    if market.period == "month" and plan.steps_per_year == 1:
        raise ReturnsRefused("given months for a plan in yearly steps; allowed are years")
    try:
        values = returns.select(wanted).to_numpy().astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ReturnsRefused(f"a column is not of numbers: {error}") from error
    if not np.isfinite(values).all() or (values <= -1).any():
        raise ReturnsRefused("a return is empty, infinite or -100 % and less")
    exponent = 1 if market.period == "month" else 1 / plan.steps_per_year
    prices = (1 + values[:, -1]) ** exponent
    assets = (1 + values[:, :-1]) ** exponent / prices[:, None]
    return assets, prices - 1, _first_year(returns, market.period)


def _first_year(returns: pl.DataFrame, period: str) -> int:
    if period == "year" and "year" in returns.columns:
        years = returns["year"]
        if years.len() > 1 and not (years.diff().drop_nulls() == 1).all():
            raise ReturnsRefused("its years do not follow one another")
        return int(years[0])
    if period == "month" and "month" in returns.columns:
        return int(str(returns["month"][0])[:4])
    raise ReturnsRefused(f"given without the column {period}")
