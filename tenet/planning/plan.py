"""A scenario as plain arrays, one entry a step; the engine sees nothing else.

T steps (12 or 1 a year), Y years, A assets, K buckets. Money is float64 in money of the basis year
unless a name ends in `_nominal`; flows are per STEP and never negative.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Flows:
    """What comes in and goes out at each step: (T,), `contribution` by bucket (K, T)."""

    essential: Floats
    """Spending without which the plan fails, debt service included."""
    discretionary: Floats
    """Spending that may be left out."""
    income: Floats
    """After the tax on it."""
    income_tax: Floats
    """What was kept back from income."""
    windfall: Floats
    """Events that bring money in; to the surplus bucket."""
    outlay: Floats
    """Events and purchases that take money out and are no spending."""
    contribution: Floats
    """Money from outside into each bucket, (K, T)."""

    def at(self, step: int) -> dict[str, float | Floats]:
        """Every flow of one step."""
        return {one.name: getattr(self, one.name)[..., step] for one in fields(self)}


@dataclass(frozen=True)
class Buckets:
    """Liquid accounts that are taxed and grow alike, (K,), in the order they are drawn on."""

    names: tuple[str, ...]
    balance: Floats
    basis: Floats
    """What was paid for it, money of the day of the start, deflated like the balance."""
    growth: Floats
    """Real growth factor per step; nan: as the allocation."""
    tax: Floats
    """Fraction of what is withdrawn, or of the gain in it where `gain_only`."""
    gain_only: npt.NDArray[np.bool_]
    surplus: int
    """Index of the bucket that income which is not spent goes to."""

    @property
    def is_single(self) -> bool:
        """Whether one balance without taxes that grows as the allocation tells everything."""
        return (
            len(self.names) == 1 and not self.tax.any() and bool(self.growth[0] != self.growth[0])
        )


@dataclass(frozen=True)
class RuleNumbers:
    """The withdrawal rule as numbers; which of them count depends on the rule (rules.py)."""

    kind: str
    rates: Floats
    """Fraction of the balance at each decision, (D,); empty for rules of the plan."""
    floor: float = 0.0
    ceiling: float = float("inf")
    lower: float = float("inf")
    upper: float = 0.0
    cut: float = 0.0
    raise_: float = 0.0
    no_cut_final_years: int = 0
    inflation_cap: float = float("inf")
    cuts: tuple[tuple[float, float], ...] = ()
    """Of flex: drawdown and cut, rising."""

    @property
    def is_of_balance(self) -> bool:
        """Whether it says what leaves the portfolio; otherwise it scales what the streams need."""
        return len(self.rates) > 0


@dataclass(frozen=True)
class GoalNumbers:
    """A goal: amount in money of the basis year, `step` at whose start it is due (T: the end)."""

    name: str
    kind: str
    amount: float
    step: int
    wanted: float
    priority: int


@dataclass(frozen=True)
class Life:
    """A person's mortality: age in years at the start, law (dispersion 0: none), last age."""

    age: float
    mode: float
    dispersion: float
    end_age: float


@dataclass(frozen=True)
class Plan:
    """Everything a walk needs but the draws of the market."""

    name: str
    currency: str
    basis_year: int
    first_month: int
    """Month number (when.month_number) of the first step."""
    steps_per_year: int
    steps: int
    pays_at_end: bool
    """Whether money flows at the end of a step, after its growth."""
    retirement: int
    """Step of the first decision of the rule; `steps` when there is none."""
    assets: tuple[str, ...]
    weights: Floats
    """(T, A): fractions that sum to 1."""
    growth_scale: float
    """Factor per step on every growth of the market: fee, extra return, inflation where nominal."""
    price: Floats | None
    """(T + 1,): price level at the start of each step, basis year 1; None: of the draws."""
    price_start: float
    """Price level at the start, basis year 1."""
    flows: Flows
    """In money of the basis year."""
    flows_nominal: Flows | None
    """In money of the day, in addition; None when there are none or the price level is certain."""
    buckets: Buckets
    property_value: Floats
    """(T + 1,): at the start of each step."""
    debt_nominal: Floats
    """(T + 1,): what is owed, in money of the day."""
    rule: RuleNumbers
    lives: tuple[Life, ...]
    """The people, where one of them has a law of mortality; empty: all live to the end."""
    goals: tuple[GoalNumbers, ...]
    seed: int
    paths: int

    @property
    def years(self) -> int:
        """Whole years."""
        return self.steps // self.steps_per_year
