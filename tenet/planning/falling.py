"""What happens to paths that fall below zero: they stop there, and go without.

Outlays are given up first, then discretionary spending, then essential spending.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from tenet.planning.draws import Draws
    from tenet.planning.outcome import Outcome
    from tenet.planning.plan import Floats, Plan


@dataclass(frozen=True)
class Stretch:
    """Steps from `first` to before `stop`, each with the same flow and spending.

    Numbers, (S, 1) for several plans, or one for each path.
    """

    first: int
    stop: int
    flow: Any
    spent: Any
    outlay: Any
    essential: Any
    slack: float
    """Relative difference that is only rounding."""

    def at(self, places: npt.NDArray[np.int64], shape: tuple[int, ...]) -> tuple[Any, ...]:
        """Flow, spending, outlay and essential spending at places of the flattened paths."""
        values = (self.flow, self.spent, self.outlay, self.essential)
        return tuple(_at_places(value, places, shape) for value in values)


def is_less(paid: Any, due: Any, slack: float) -> Any:
    """Whether less was paid than was due, beyond rounding."""
    return paid < due * (1 - slack) - slack


def stop_at_zero(
    stretch: Stretch, plan: Plan, draws: Draws, outcome: Outcome, before: Floats, balance: Floats
) -> None:
    """Set balances below zero right, and note in the outcome what was not paid and since when.

    before, balance: at the start and the end of the stretch; the latter is changed.
    """
    below = balance < 0
    _starve(stretch, plan, outcome, np.flatnonzero(below & (before == 0)), balance)
    falling = np.flatnonzero(below & (before != 0))
    if len(falling):
        _walk_again(stretch, plan, draws, outcome, falling, before, balance)


def _walk_again(
    stretch: Stretch,
    plan: Plan,
    draws: Draws,
    outcome: Outcome,
    places: npt.NDArray[np.int64],
    before: Floats,
    balance: Floats,
) -> None:
    """Step by step, for those that had something at the start."""
    flow, spent, outlay, essential = stretch.at(places, before.shape)
    left = before.reshape(-1)[places]
    rows = draws.growth[stretch.first : stretch.stop, places % draws.paths]
    factors = rows.astype(before.dtype) * plan.growth_scale
    missing = np.empty_like(factors)
    for step, factor in enumerate(factors):
        if plan.pays_at_end:
            left = left * factor
        left = left + flow
        np.maximum(-left, 0, out=missing[step])
        np.maximum(left, 0, out=left)
        if not plan.pays_at_end:
            left *= factor
    balance.reshape(-1)[places] = left
    unspent = np.maximum(missing - outlay, 0)
    _spent_less(stretch, plan, outcome, places, unspent.sum(axis=0))
    is_empty = missing > stretch.slack * -flow
    is_short = is_less(spent - unspent, essential, stretch.slack)
    for steps, happened in ((outcome.empty_step, is_empty), (outcome.short_step, is_short)):
        since = np.where(happened.any(axis=0), stretch.first + happened.argmax(axis=0), plan.steps)
        _note(steps, places, since)


def _starve(
    stretch: Stretch,
    plan: Plan,
    outcome: Outcome,
    places: npt.NDArray[np.int64],
    balance: Floats,
) -> None:
    """For those that had nothing: the same at each step of the stretch."""
    if not len(places):
        return
    flow, spent, outlay, essential = stretch.at(places, balance.shape)
    unspent = np.maximum(-flow - outlay, 0)
    _spent_less(stretch, plan, outcome, places, (stretch.stop - stretch.first) * unspent)
    is_short = is_less(spent - unspent, essential, stretch.slack)
    _note(outcome.empty_step, places, stretch.first)
    _note(outcome.short_step, places[np.broadcast_to(is_short, places.shape)], stretch.first)
    balance.reshape(-1)[places] = 0.0


def _spent_less(
    stretch: Stretch, plan: Plan, outcome: Outcome, places: npt.NDArray[np.int64], amount: Any
) -> None:
    outcome.spending[stretch.first // plan.steps_per_year].reshape(-1)[places] -= amount


def _note(steps: npt.NDArray[np.int32], places: npt.NDArray[np.int64], since: Any) -> None:
    flat = steps.reshape(-1)
    flat[places] = np.minimum(flat[places], since)


def _at_places(value: Any, places: npt.NDArray[np.int64], shape: tuple[int, ...]) -> Any:
    if np.ndim(value) == 0:
        return value
    if value.shape == shape:
        return value.reshape(-1)[places]
    return value.reshape(-1)[places // shape[-1]]
