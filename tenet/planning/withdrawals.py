"""Rules by which a retired household decides once a year what it takes. Formulas: rules.py.

A rule takes effect at retirement. Rules with a rate decide what leaves the portfolio, and income
is spent on top of that; rules of the plan pay the spending streams less income.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tenet.planning.when import Age, Name, Part

Rate = Annotated[float, Field(ge=0, le=1)]


class Planned(Part):
    """Pay what the spending streams say."""

    kind: Literal["planned"] = "planned"


class Constant(Part):
    """The same real amount every year."""

    kind: Literal["constant"] = "constant"
    rate: Rate = Field(default=0.04, description="fraction of the balance at retirement, per year")


class Percent(Part):
    """A fraction of the balance of each year."""

    kind: Literal["percent"] = "percent"
    rate: Rate = Field(default=0.04, description="fraction of each year's balance")
    floor: float | None = Field(
        default=None,
        ge=0,
        description="at least so many currency units per YEAR, of the basis year",
    )
    ceiling: float | None = Field(
        default=None, ge=0, description="at most so many currency units per YEAR, of the basis year"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Percent:
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            raise ValueError(
                f"floor: given {self.floor:g} above the ceiling {self.ceiling:g}; "
                "allowed is at most the ceiling"
            )
        return self


class FloorCeiling(Part):
    """A fraction of each year's balance, kept near the first withdrawal in real terms."""

    kind: Literal["floor_ceiling"] = "floor_ceiling"
    rate: Rate = Field(default=0.05, description="fraction of each year's balance")
    floor: float = Field(
        default=0.9, ge=0, le=1, description="least, as a fraction of the first one, real"
    )
    ceiling: float = Field(
        default=1.25, ge=1, le=100, description="most, as a multiple of the first, real"
    )


class Vpw(Part):
    """Variable percentage withdrawal: the payment that would use up the balance by a last age."""

    kind: Literal["vpw"] = "vpw"
    equity: tuple[Name, ...] = Field(
        description="assets that earn `stock_real`; all others earn `bond_real`"
    )
    stock_real: float = Field(default=0.05, gt=-1, le=1, description="fraction per year, real")
    bond_real: float = Field(default=0.019, gt=-1, le=1, description="fraction per year, real")
    last_age: Age = Field(default=99, description="age in years of the last withdrawal")
    person: Name | None = Field(
        default=None, description="whose age; default: the youngest person's"
    )


class GuytonKlinger(Part):
    """Inflation adjustments with guardrails; order: inflation, preservation, prosperity."""

    kind: Literal["guyton_klinger"] = "guyton_klinger"
    initial_rate: Rate | None = Field(
        default=None,
        description="fraction of the balance at retirement; default: what the streams need",
    )
    lower: float = Field(
        default=1.2, gt=1, le=10, description="cut above this multiple of the initial rate"
    )
    upper: float = Field(
        default=0.8, ge=0, lt=1, description="raise below this multiple of the initial rate"
    )
    cut: float = Field(
        default=0.1, ge=0, lt=1, description="fraction by which a cut lowers a withdrawal"
    )
    raise_: float = Field(
        default=0.1, ge=0, le=1, description="fraction by which prosperity raises a withdrawal"
    )
    no_cut_final_years: int = Field(
        default=15, ge=0, le=100, description="no cuts when so many years or fewer remain"
    )
    inflation_cap: float | None = Field(
        default=None, ge=0, le=1, description="most that inflation raises a withdrawal by, per year"
    )


class Dynamic(Part):
    """A fraction of the balance, moving from year to year within a real band (Vanguard)."""

    kind: Literal["dynamic"] = "dynamic"
    rate: Rate = Field(default=0.04, description="fraction of each year's balance")
    ceiling: float = Field(default=0.05, ge=0, le=10, description="largest real raise, a fraction")
    floor: float = Field(default=0.025, ge=0, le=1, description="largest real cut, a fraction")


class Cape(Part):
    """A fraction of the balance that follows valuations: a + b / CAPE."""

    kind: Literal["cape"] = "cape"
    a: Rate = Field(default=0.0175, description="fraction per year that does not depend on CAPE")
    b: float = Field(default=0.5, ge=0, le=10, description="weight of the earnings yield 1 / CAPE")
    cape: float = Field(
        ge=1, le=200, description="price over ten-year real earnings; it is held constant"
    )


class Cut(Part):
    """One step of the flex rule."""

    drawdown: float = Field(gt=0, le=1, description="real fall from the highest level, a fraction")
    cut: float = Field(gt=0, le=1, description="fraction of discretionary spending left out")


class Flex(Part):
    """Leave out discretionary spending while markets are down; the deepest cut wins."""

    kind: Literal["flex"] = "flex"
    cuts: tuple[Cut, ...] = Field(min_length=1, description="the steps, in any order")


Withdrawal = Annotated[
    Planned | Constant | Percent | FloorCeiling | Vpw | GuytonKlinger | Dynamic | Cape | Flex,
    Field(discriminator="kind"),
]
