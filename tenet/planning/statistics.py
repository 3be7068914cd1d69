"""How sure a simulated figure is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from tenet.planning.formulas import require


@dataclass(frozen=True)
class Chance:
    """A simulated probability: a fraction of paths, its standard error, Wilson's interval."""

    probability: float
    standard_error: float
    low: float
    high: float
    paths: int


def chance(happened: int, paths: int, confidence: float = 0.95) -> Chance:
    """How probable it is what happened on so many of the paths."""
    require("paths", paths, paths >= 1, "1 or more")
    require("happened", happened, 0 <= happened <= paths, f"0 to {paths}")
    probability = happened / paths
    low, high = wilson(happened, paths, confidence)
    return Chance(probability, standard_error(probability, paths), low, high, paths)


def standard_error(probability: float, paths: int) -> float:
    """Of a simulated probability: sqrt(p (1 - p) / n)."""
    return math.sqrt(probability * (1 - probability) / paths)


def wilson(happened: int, paths: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a probability; it stays within 0 and 1 and is honest near both."""
    require("confidence", confidence, 0 < confidence < 1, "between 0 and 1")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p, scale = happened / paths, 1 + z**2 / paths
    middle = (p + z**2 / (2 * paths)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / paths + z**2 / (4 * paths**2))
    low = 0.0 if happened == 0 else max(middle - half, 0.0)
    return low, 1.0 if happened == paths else min(middle + half, 1.0)


def mcnemar(only_first: int, only_second: int) -> float:
    """How probable so uneven counts are when both fail equally often: two-sided, exact to 1,000."""
    total, most = only_first + only_second, max(only_first, only_second)
    if total == 0:
        return 1.0
    if total <= 1_000:
        tail = sum(math.comb(total, count) for count in range(most, total + 1))
        return min(float(2 * tail / 2**total), 1.0)
    return math.erfc(max(abs(only_first - only_second) - 1, 0) / math.sqrt(2 * total))


def normal_quantile(confidence: float) -> float:
    """How many standard errors reach to both sides of an interval."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)
