"""How assets may behave, what is held of each, and how prices rise.

Arithmetic of the models: docs/planning.md. Rates are fractions per year, effective.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tenet.planning.flows import Basis
from tenet.planning.when import Name, Part, When

Rate = Annotated[float, Field(gt=-1, le=10)]
LogRate = Annotated[float, Field(ge=-3, le=3)]
Weight = Annotated[float, Field(ge=0, le=1)]


class Fixed(Part):
    """Every asset earns the same each year."""

    kind: Literal["fixed"] = "fixed"
    returns: dict[Name, Rate] = Field(
        min_length=1, description="asset to its return, a fraction per year, effective"
    )
    basis: Basis = Field(default="real", description="whether the returns are real or nominal")

    @property
    def assets(self) -> tuple[str, ...]:
        """Names of the assets, in order."""
        return tuple(self.returns)


class Lognormal(Part):
    """Log returns are normal and independent from month to month."""

    kind: Literal["lognormal"] = "lognormal"
    log_mean: dict[Name, LogRate] = Field(
        min_length=1, description="asset to the mean of its yearly log return"
    )
    log_sd: dict[Name, Annotated[float, Field(ge=0, le=3)]] = Field(
        description="asset to the standard deviation of its yearly log return"
    )
    correlation: tuple[tuple[float, ...], ...] | None = Field(
        default=None,
        description="of log returns, rows in the order of log_mean; default: none (unit)",
    )
    basis: Basis = Field(default="real", description="whether the log returns are real or nominal")

    @property
    def assets(self) -> tuple[str, ...]:
        """Names of the assets, in order."""
        return tuple(self.log_mean)

    @model_validator(mode="after")
    def _consistent(self) -> Lognormal:
        if set(self.log_sd) != set(self.log_mean):
            raise ValueError(
                f"log_sd: given for {', '.join(self.log_sd)}; "
                f"allowed is one for each of {', '.join(self.log_mean)}"
            )
        if self.correlation is not None:
            _check_correlation(self.correlation, len(self.log_mean))
        return self


class StudentT(Lognormal):
    """As lognormal, with the fat tails of Student's t; the standard deviations stay as given."""

    kind: Literal["student_t"] = "student_t"  # type: ignore[assignment]
    degrees_of_freedom: float = Field(
        default=5, gt=2, le=1000, description="the smaller, the fatter the tails; a number above 2"
    )


class History(Part):
    """Every stretch of the past that is long enough, one path for each first year (or month)."""

    kind: Literal["history"] = "history"
    columns: dict[Name, str] = Field(
        min_length=1, description="asset to the table's column of nominal returns, fractions"
    )
    inflation: str = Field(
        default="inflation", description="the table's column of inflation, fractions"
    )
    period: Literal["year", "month"] = Field(
        default="year",
        description="what one row of the table is; its column `year` or `month` says which",
    )
    wrap: bool = Field(
        default=False,
        description="true: a stretch that reaches the table's end goes on at its beginning",
    )

    @property
    def assets(self) -> tuple[str, ...]:
        """Names of the assets, in order."""
        return tuple(self.columns)


class Bootstrap(History):
    """Random blocks of the past in a row; inflation and all assets come from the same block."""

    kind: Literal["bootstrap"] = "bootstrap"  # type: ignore[assignment]
    wrap: bool = Field(
        default=True, description="blocks that reach the table's end go on at its beginning"
    )
    block_months: int = Field(
        default=12,
        ge=12,
        le=240,
        multiple_of=12,
        description="length of a block, in whole years of months",
    )


Market = Annotated[Fixed | Lognormal | StudentT | History | Bootstrap, Field(discriminator="kind")]


class Point(Part):
    """What is held from a time on; between two points weights move in a straight line."""

    at: When | None = Field(default=None, description="when; default: the plan's start")
    weights: dict[Name, Weight] = Field(description="asset to its weight, fractions that sum to 1")

    @model_validator(mode="after")
    def _whole(self) -> Point:
        total = sum(self.weights.values())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"weights: given a sum of {total:g}; allowed is 1")
        return self


class Inflation(Part):
    """How prices rise, unless the market model is a history, which brings its own inflation."""

    rate: Rate = Field(default=0.025, description="fraction per year, effective")


def _check_correlation(matrix: tuple[tuple[float, ...], ...], size: int) -> None:
    import numpy as np

    shape = [len(row) for row in matrix]
    if shape != [size] * size:
        raise ValueError(f"correlation: given rows of {shape}; allowed is {size} by {size}")
    array = np.array(matrix)
    if np.abs(array - array.T).max() > 1e-9:
        raise ValueError("correlation: given is not symmetric; allowed is a symmetric matrix")
    if np.abs(np.diag(array) - 1).max() > 1e-9:
        raise ValueError("correlation: given a diagonal other than 1; allowed is 1")
    smallest = float(np.linalg.eigvalsh(array).min())
    if np.abs(array).max() > 1 + 1e-9 or smallest < -1e-9:
        raise ValueError(
            f"correlation: given has the eigenvalue {smallest:.4g}; "
            "allowed is a matrix without negative ones"
        )
