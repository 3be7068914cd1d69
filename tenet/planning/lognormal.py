"""Growth under normal log returns, or under Student's t, with correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.markets import StudentT
from tenet.planning.normals import BLOCK, RETURNS, TAILS, Normals, each_block, stream

if TYPE_CHECKING:
    import numpy.typing as npt

    from tenet.planning.markets import Lognormal
    from tenet.planning.plan import Floats, Plan


def lognormal_growth(
    market: Lognormal, plan: Plan, paths: int, threads: int
) -> npt.NDArray[np.floating]:
    """(T, paths): growth factors of the portfolio per step, rebalanced at each.

    An asset grows by exp(mu h + s sqrt(h) z), h the length of a step in years; no single return is
    kept. Sums run over assets in their order, so that no library's order of addition matters.
    float32, but float64 where nothing is random: one rounding would be repeated at every step.
    """
    steps, per_year = plan.weights.shape[0], plan.steps_per_year
    if not any(market.log_sd.values()):
        return _without_chance(market, plan, paths)
    mixing, shifts = _mixing(market, per_year), _shifts(market, plan)
    freedom = market.degrees_of_freedom if isinstance(market, StudentT) else None
    growth = np.empty((steps, paths), np.float32)

    def work(block: int, columns: slice) -> None:
        normals = Normals(len(mixing) * per_year)
        generator = stream(plan.seed, RETURNS, block)
        tails = stream(plan.seed, TAILS, block)
        width = columns.stop - columns.start
        for first in range(0, steps, per_year):
            drawn = normals.next(generator).reshape(len(mixing), per_year, BLOCK)
            if freedom is not None:
                chi = tails.standard_gamma(freedom / 2, (per_year, BLOCK), dtype=np.float32)
                drawn *= np.sqrt(np.float32(freedom / 2 - 1) / chi)
            rows = slice(first, first + per_year)
            growth[rows, columns] = _portfolio(drawn, mixing, shifts[rows])[:, :width]

    each_block(paths, threads, work)
    return growth


def _without_chance(market: Lognormal, plan: Plan, paths: int) -> Floats:
    means = np.array([market.log_mean[asset] for asset in market.assets])
    growth = (plan.weights * np.exp(means / plan.steps_per_year)).sum(axis=1, keepdims=True)
    return np.broadcast_to(growth, (len(growth), paths))


def _portfolio(
    drawn: npt.NDArray[np.float32],
    mixing: npt.NDArray[np.float32],
    shifts: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    total: npt.NDArray[np.float32] | None = None
    for asset, row in enumerate(mixing):
        if not np.isfinite(shifts[:, asset]).any():
            continue
        log = row[0] * drawn[0]
        for other in range(1, asset + 1):
            if row[other] != 0:
                log += row[other] * drawn[other]
        log += shifts[:, asset, None]
        np.exp(log, out=log)
        total = log if total is None else np.add(total, log, out=total)
    assert total is not None  # weights sum to 1
    return total


def _mixing(market: Lognormal, per_year: int) -> npt.NDArray[np.float32]:
    """Lower triangle that turns independent normals into log returns of a step, (A, A)."""
    size = len(market.assets)
    given = np.eye(size) if market.correlation is None else np.array(market.correlation)
    lower = _cholesky(given)
    deviations = np.array([market.log_sd[asset] for asset in market.assets])
    return np.asarray(lower * deviations[:, None] / np.sqrt(per_year), np.float32)


def _shifts(market: Lognormal, plan: Plan) -> npt.NDArray[np.float32]:
    """(T, A): mean log return of a step and the log of the weight; -inf where nothing is held."""
    means = np.array([market.log_mean[asset] for asset in market.assets])
    with np.errstate(divide="ignore"):
        shifts = np.log(plan.weights) + means / plan.steps_per_year
    return np.asarray(shifts, np.float32)


def _cholesky(matrix: Floats) -> Floats:
    """The lower triangle; unlike NumPy's it takes perfect correlations (a singular matrix) too."""
    lower = np.zeros_like(matrix)
    for row in range(len(matrix)):
        for column in range(row + 1):
            rest = matrix[row, column] - lower[row, :column] @ lower[column, :column]
            if row == column:
                lower[row, row] = np.sqrt(max(rest, 0))
            elif lower[column, column] > 1e-8:
                lower[row, column] = rest / lower[column, column]
    return lower
