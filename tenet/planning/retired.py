"""The withdrawal rule along a walk: what it looks back on, and when it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.rules import Decision, Past, decide, decide_first
from tenet.planning.terms import yearly_need

if TYPE_CHECKING:
    from typing import Any

    from tenet.planning.draws import Draws
    from tenet.planning.plan import Floats, Plan
    from tenet.planning.terms import Terms


class Retired:
    """The rule of one walk. `scale` is what its last decision multiplies the scaled terms by.

    terms: of all steps; None where they depend on the path.
    """

    def __init__(
        self,
        plan: Plan,
        draws: Draws,
        terms: Terms | None,
        precision: type[np.floating] = np.float64,
    ) -> None:
        self._plan, self._draws, self._rule = plan, draws, plan.rule
        self._decision: Decision | None = None
        self._level: Any = np.ones(draws.paths, precision)
        self._peak: Any = np.ones(draws.paths, precision)
        self._grown: Floats | None = None
        self.scale: Any = 1.0
        self._needs = None if terms is None else -terms.scaled

    @property
    def looks_back(self) -> bool:
        """Whether it must be told how the portfolio grew."""
        return self._rule.kind in ("guyton_klinger", "flex")

    @property
    def decides(self) -> bool:
        """Whether it decides anything at all."""
        return self._rule.kind != "planned"

    def saw(self, growth: Floats) -> None:
        """Be told the real growth factor of the portfolio since it was last told."""
        if self._rule.kind == "flex":
            self._level *= growth
            np.maximum(self._peak, self._level, out=self._peak)
        else:
            self._grown = growth if self._grown is None else self._grown * growth

    def decide(self, step: int, balance: Floats, price: Any) -> None:
        """Decide for the year that begins with a step, of which `balance` is there, real."""
        plan, per_year = self._plan, self._plan.steps_per_year
        need: Any = 0.0
        if not self._rule.is_of_balance:
            need = self._need(step, price)
        if self._decision is None:
            self._decision = decide_first(self._rule, balance, need)
        else:
            number = (step - plan.retirement) // per_year
            left = -(-(plan.steps - step) // per_year)
            past = self._past(step)
            self._decision = decide(self._rule, number, self._decision, balance, need, past, left)
        self._grown = None
        taken = self._decision.taken
        self.scale = taken / per_year if self._rule.is_of_balance else taken

    def _need(self, step: int, price: Any) -> Any:
        if self._needs is None:
            return yearly_need(self._plan, step, price)
        need = self._needs[step : step + self._plan.steps_per_year].sum(axis=0)
        return float(need) if need.ndim == 0 else need

    def _past(self, step: int) -> Past:
        if self._rule.kind == "flex":
            return Past(drawdown=1 - self._level / self._peak)
        if self._rule.kind != "guyton_klinger":
            return Past()
        rows = slice(step - self._plan.steps_per_year, step)
        if self._plan.price is not None:
            rise: Any = float(self._plan.price[rows.stop] / self._plan.price[rows.start])
        else:
            assert self._draws.inflation is not None  # as in outcome.yearly_price
            rise = (1.0 + self._draws.inflation[rows]).prod(axis=0)
        assert self._grown is not None  # it saw the year that has passed since it last decided
        return Past(fell=self._grown < 1 / rise, inflation=rise - 1)
