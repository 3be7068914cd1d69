"""Exact distributions and moments of lognormal portfolios, to hold simulations against."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from tenet.planning.formulas import Timing, require

if TYPE_CHECKING:
    from collections.abc import Sequence


def terminal_mean(log_mean: float, log_sd: float, years: float, start: float = 1.0) -> float:
    """Mean of a balance after so many years of independent lognormal returns."""
    return start * math.exp(years * (log_mean + log_sd**2 / 2))


def terminal_sd(log_mean: float, log_sd: float, years: float, start: float = 1.0) -> float:
    """Its standard deviation."""
    spread = math.sqrt(math.expm1(years * log_sd**2))
    return terminal_mean(log_mean, log_sd, years, start) * spread


def terminal_quantile(
    log_mean: float, log_sd: float, years: float, probability: float, start: float = 1.0
) -> float:
    """The balance that is not exceeded with a probability (0.05, not 5)."""
    require("probability", probability, 0 < probability < 1, "between 0 and 1")
    z = NormalDist().inv_cdf(probability)
    return start * math.exp(years * log_mean + math.sqrt(years) * log_sd * z)


def probability_below(
    log_mean: float, log_sd: float, years: float, balance: float, start: float = 1.0
) -> float:
    """The probability of ending below a balance."""
    require("balance", balance, balance > 0, "above 0")
    if log_sd == 0 or years == 0:
        return float(start * math.exp(years * log_mean) < balance)
    z = (math.log(balance / start) - years * log_mean) / (math.sqrt(years) * log_sd)
    return NormalDist().cdf(z)


def step_moments(
    log_mean: Sequence[float],
    log_sd: Sequence[float],
    correlation: Sequence[Sequence[float]] | None,
    weights: Sequence[float],
    steps_per_year: int = 12,
) -> tuple[float, float]:
    """Mean of a portfolio's growth factor in a step, and mean of its square.

    log_mean, log_sd: of yearly log returns. The weights are restored at each step.
    """
    count = len(weights)
    require("log_sd", len(log_sd), len(log_sd) == count, f"{count} numbers")
    require("log_mean", len(log_mean), len(log_mean) == count, f"{count} numbers")
    means = [
        math.exp(mean / steps_per_year + sd**2 / (2 * steps_per_year))
        for mean, sd in zip(log_mean, log_sd, strict=True)
    ]
    first = sum(weight * mean for weight, mean in zip(weights, means, strict=True))
    second = 0.0
    for i in range(count):
        for j in range(count):
            rho = float(i == j) if correlation is None else correlation[i][j]
            together = math.exp(rho * log_sd[i] * log_sd[j] / steps_per_year)
            second += weights[i] * weights[j] * means[i] * means[j] * together
    return first, second


def flow_moments(
    start: float, flow: float, steps: int, first: float, second: float, timing: Timing = "start"
) -> tuple[float, float]:
    """Mean and standard deviation of a balance after steps with a constant flow (negative: out).

    first, second: moments of the growth factor of a step. The balance may fall below zero.
    """
    mean, square = start, start**2
    for _ in range(steps):
        if timing == "start":
            mean, square = mean + flow, square + 2 * flow * mean + flow**2
        mean, square = mean * first, square * second
        if timing == "end":
            mean, square = mean + flow, square + 2 * flow * mean + flow**2
    return mean, math.sqrt(max(square - mean**2, 0.0))
