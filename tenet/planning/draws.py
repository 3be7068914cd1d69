"""What markets do to a portfolio: one growth factor for each step and path.

Draws depend on the seed, the market, the table and the weights, and on nothing else of a scenario:
fees, inflation and flows may change while they are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.history import blocks_drawn, geometric_growth, windows
from tenet.planning.lognormal import lognormal_growth
from tenet.planning.markets import Bootstrap, Fixed, History

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from tenet.planning.plan import Floats, Plan
    from tenet.planning.scenario import Scenario


@dataclass(frozen=True)
class Draws:
    """Growth of the portfolio, and what else the market brings."""

    growth: npt.NDArray[np.floating]
    """(T, N): factor per step, in the market's own terms (real, or nominal where it says so)."""
    inflation: npt.NDArray[np.floating] | None
    """(T, N): fraction per step; None where the plan knows the price level."""
    starts: npt.NDArray[np.int64] | None
    """(N,): the table's year in which each path of a history begins."""
    digest: str
    """Of the seed, the market, the table and the length of a step."""
    weights: Floats
    """(T, A): those of the plan it was drawn for."""

    @property
    def paths(self) -> int:
        """Number of paths."""
        return int(self.growth.shape[1])

    def first(self, steps: int, paths: int) -> Draws:
        """The same draws, fewer steps and paths."""
        some = self.columns(slice(paths))
        return replace(
            some,
            growth=some.growth[:steps],
            inflation=None if some.inflation is None else some.inflation[:steps],
            weights=self.weights[:steps],
        )

    def columns(self, chosen: slice | npt.NDArray[np.int64]) -> Draws:
        """The same draws, some paths."""
        return replace(
            self,
            growth=self.growth[:, chosen],
            inflation=None if self.inflation is None else self.inflation[:, chosen],
            starts=None if self.starts is None else self.starts[chosen],
        )


def drawn(
    scenario: Scenario,
    plan: Plan,
    returns: pl.DataFrame | None = None,
    *,
    paths: int | None = None,
    threads: int = 1,
    kept: Draws | None = None,
) -> Draws:
    """The draws of a plan.

    returns: the table of a history or bootstrap. paths: default those of the plan; a fixed market
    has one, a history one per stretch. threads: any number, the result is the same.
    kept: earlier draws, which are used again where they fit (same seed, market, weights; long
    enough). Raises ReturnsRefused when the table is missing, too short or has other columns.
    """
    market = scenario.market
    wanted = plan.paths if paths is None else paths
    digest = _digest(scenario, plan, returns)
    if kept is not None and kept.digest == digest:
        is_random = market.kind not in ("fixed", "history")
        if market.kind != "history" or len(kept.growth) == plan.steps:
            fits = kept.paths >= wanted or not is_random
            fits = fits and len(kept.growth) >= plan.steps
            if fits and np.array_equal(kept.weights[: plan.steps], plan.weights):
                return kept.first(plan.steps, wanted if is_random else kept.paths)
    if isinstance(market, Bootstrap):
        blocks = blocks_drawn(market, plan, returns, wanted, threads)
        return Draws(*blocks, None, digest, plan.weights)
    if isinstance(market, History):
        return Draws(*windows(market, plan, returns), digest, plan.weights)
    if isinstance(market, Fixed):
        return Draws(_fixed(market.returns, plan), None, None, digest, plan.weights)
    growth = lognormal_growth(market, plan, wanted, threads)
    return Draws(growth, None, None, digest, plan.weights)


def expected(scenario: Scenario, plan: Plan, returns: pl.DataFrame | None = None) -> Draws:
    """One path on which each asset grows at its median, or at the geometric mean of its table."""
    market, inflation = scenario.market, None
    if isinstance(market, Fixed):
        growth = _fixed(market.returns, plan)
    elif isinstance(market, History):
        means = geometric_growth(market, plan, returns)
        growth = (plan.weights * means[:-1]).sum(axis=1, keepdims=True)
        inflation = np.full((plan.steps, 1), means[-1] - 1)
    else:
        logs = np.array([market.log_mean[asset] for asset in plan.assets]) / plan.steps_per_year
        growth = (plan.weights * np.exp(logs)).sum(axis=1, keepdims=True)
    return Draws(growth, inflation, None, "expected", plan.weights)


def expected_returns_real(scenario: Scenario) -> dict[str, float]:
    """The mean yearly return of each asset above inflation; none for a history."""
    market = scenario.market
    if isinstance(market, History):
        return {}
    if isinstance(market, Fixed):
        means = {asset: 1 + rate for asset, rate in market.returns.items()}
    else:
        means = {
            asset: float(np.exp(mean + market.log_sd[asset] ** 2 / 2))
            for asset, mean in market.log_mean.items()
        }
    prices = 1 + scenario.inflation.rate if market.basis == "nominal" else 1.0
    return {asset: mean / prices - 1 for asset, mean in means.items()}


def _fixed(returns: dict[str, float], plan: Plan) -> Floats:
    yearly = np.array([returns[asset] for asset in plan.assets])
    factors = (1 + yearly) ** (1 / plan.steps_per_year)
    return np.asarray((plan.weights * factors).sum(axis=1, keepdims=True))


def _digest(scenario: Scenario, plan: Plan, returns: pl.DataFrame | None) -> str:
    content = blake2b(digest_size=16)
    content.update(f"{plan.seed} {plan.steps_per_year} ".encode())
    content.update(scenario.market.model_dump_json().encode())
    if returns is not None and scenario.market.kind in ("history", "bootstrap"):
        content.update(returns.hash_rows(seed=0).to_numpy().tobytes())
        content.update(" ".join(returns.columns).encode())
    return content.hexdigest()
