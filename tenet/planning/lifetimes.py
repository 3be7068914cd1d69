"""How long people live: Gompertz's law, and the chance that money does not last as long."""

from __future__ import annotations

import math

from tenet.planning.formulas import require


def gompertz_survival(
    age: float, years: float, mode: float = 88.18, dispersion: float = 10.5
) -> float:
    """The probability to live `years` longer at an age: exp(e^((x-m)/b) (1 - e^(t/b)))."""
    require("years", years, years >= 0, "0 or more")
    require("dispersion", dispersion, dispersion > 0, "above 0")
    return math.exp(math.exp((age - mode) / dispersion) * -math.expm1(years / dispersion))


def gompertz_years(
    age: float, survival: float, mode: float = 88.18, dispersion: float = 10.5
) -> float:
    """The years lived longer with that probability: the inverse of gompertz_survival."""
    require("survival", survival, 0 < survival <= 1, "above 0, at most 1")
    hazard = math.exp((age - mode) / dispersion)
    return dispersion * math.log1p(-math.log(survival) / hazard)


def milevsky_robinson_ruin(
    mean: float, sd: float, median_life: float, wealth_over_spending: float
) -> float:
    """The chance to outlive wealth that is spent at a constant real rate until a random death.

    mean: expected real arithmetic return per year. sd: its standard deviation. median_life: years.
    Source: Milevsky and Robinson, A Sustainable Spending Rate without Simulation, 2005: lifetime
    present value of spending as a reciprocal gamma variable.
    """
    require("median_life", median_life, median_life > 0, "above 0")
    return _reciprocal_gamma(mean, sd, math.log(2) / median_life, wealth_over_spending)


def perpetuity_ruin(mean: float, sd: float, wealth_over_spending: float) -> float:
    """The same with an infinite life, in continuous time."""
    return _reciprocal_gamma(mean, sd, 0.0, wealth_over_spending)


def milevsky_robinson_spending(mean: float, sd: float, median_life: float, ruin: float) -> float:
    """The spending, as a fraction of wealth, whose chance of ruin is `ruin`."""
    require("ruin", ruin, 0 < ruin < 1, "between 0 and 1")
    low, high = 1e-9, 1e3
    for _ in range(200):
        middle = math.sqrt(low * high)
        if milevsky_robinson_ruin(mean, sd, median_life, 1 / middle) < ruin:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)


def _reciprocal_gamma(mean: float, sd: float, hazard: float, wealth: float) -> float:
    require("sd", sd, sd > 0, "above 0")
    require("wealth_over_spending", wealth, wealth > 0, "above 0")
    shape = (2 * mean + 4 * hazard) / (sd**2 + hazard) - 1
    require("mean", mean, shape > 0, "high enough that a lifetime's spending has a mean")
    scale = (sd**2 + hazard) / 2
    return regularized_gamma(shape, 1 / (scale * wealth))


def regularized_gamma(shape: float, x: float) -> float:
    """P(shape, x), the distribution function of the gamma distribution; series or fraction."""
    require("x", x, x >= 0, "0 or more")
    if x == 0:
        return 0.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        count = shape
        while abs(term) > abs(total) * 1e-16:
            count += 1
            term *= x / count
            total += term
        return total * front
    tiny = 1e-300
    b = x + 1 - shape
    c, d = 1 / tiny, 1 / b
    fraction = d
    for number in range(1, 10_000):
        a = -number * (number - shape)
        b += 2
        d = 1 / (a * d + b or tiny)
        c = b + a / c or tiny
        fraction *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return 1 - front * fraction
