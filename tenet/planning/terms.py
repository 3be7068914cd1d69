"""The flows of a step in the one form that a walk knows: a fixed part and a part that is scaled.

    net flow of the portfolio  = fixed + scale x scaled     (positive comes in)
    spending                   = spent + scale x spent_scaled

`scale` is what the withdrawal rule decided: 1 for planned, a twelfth of the year's withdrawal for
rules of the balance, a factor for the others.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from tenet.planning.plan import Plan


@dataclass(frozen=True)
class Terms:
    """Terms of one step (numbers or (N,)) or of all steps (T,); real money per step.

    Of S plans walked together (stack.py): (S, 1) and (T, S, 1) where they differ.
    """

    fixed: Any
    scaled: Any
    spent: Any
    spent_scaled: Any
    essential: Any
    deposit: Any
    """The part of `fixed` that is paid in from outside: contributions and windfalls."""
    outlay: Any
    """What leaves and is no spending; it is given up first when money is short."""
    income: Any

    def at(self, step: int) -> Terms:
        """The terms of one step out of those of all."""
        return Terms(*(column[step] for column in self._columns))

    def changes(self) -> npt.NDArray[np.bool_]:
        """(T,): whether any term of a step is another than in the step before; true at 0."""
        columns = [getattr(self, one.name) for one in fields(self)]
        is_new = np.ones(len(columns[0]), np.bool_)
        differ = [values[1:] != values[:-1] for values in columns]
        is_new[1:] = np.any([one.any(axis=(1, 2)) if one.ndim > 1 else one for one in differ], 0)
        return is_new

    @cached_property
    def _columns(self) -> list[Any]:
        columns = [getattr(self, one.name) for one in fields(self)]
        return [values.tolist() if values.ndim == 1 else list(values) for values in columns]


def all_terms(plan: Plan) -> Terms:
    """The terms of every step, (T,), of a plan whose price level is certain."""
    flows = {one.name: getattr(plan.flows, one.name) for one in fields(plan.flows)}
    before, after = (
        _terms("planned", False, flows),
        _terms(plan.rule.kind, _of_balance(plan), flows),
    )
    is_retired = np.arange(plan.steps) >= plan.retirement
    return Terms(
        **{
            one.name: np.where(is_retired, getattr(after, one.name), getattr(before, one.name))
            for one in fields(Terms)
        }
    )


def terms_at(plan: Plan, step: int, price: Any) -> Terms:
    """The terms of one step when nominal flows are divided by a price level of each path, (N,)."""
    flows = plan.flows.at(step)
    if plan.flows_nominal is not None:
        nominal = plan.flows_nominal.at(step)
        flows = {name: real + _columns(nominal[name]) / price for name, real in _both(flows)}
    if step < plan.retirement:
        return _terms("planned", False, flows)
    return _terms(plan.rule.kind, _of_balance(plan), flows)


def yearly_need(plan: Plan, step: int, price: Any) -> Any:
    """What the streams need from the portfolio in the year from a step on, by the price level then.

    Only what a rule of the plan scales: spending less income where that is positive.
    """
    stop = min(step + plan.steps_per_year, plan.steps)
    return sum(-terms_at(plan, one, price).scaled for one in range(step, stop))


def _terms(kind: str, is_of_balance: bool, flows: dict[str, Any]) -> Terms:
    spending = flows["essential"] + flows["discretionary"]
    deposit = flows["contribution"].sum(axis=0) + flows["windfall"]
    outlay, income = flows["outlay"], flows["income"]
    none = np.zeros_like(spending)
    common = {
        "essential": flows["essential"],
        "deposit": deposit,
        "outlay": outlay,
        "income": income,
    }
    if is_of_balance:
        return Terms(deposit - outlay, none - 1, income, none + 1, **common)
    if kind == "flex":
        return Terms(
            deposit - outlay + income - flows["essential"],
            -flows["discretionary"],
            flows["essential"],
            flows["discretionary"],
            **common,
        )
    if kind == "guyton_klinger":
        need = np.maximum(spending - income, 0)
        surplus = np.maximum(income - spending, 0)
        return Terms(deposit - outlay + surplus, -need, spending - need, need, **common)
    return Terms(deposit - outlay + income - spending, none, spending, none, **common)


def _of_balance(plan: Plan) -> bool:
    return plan.rule.is_of_balance


def _both(flows: dict[str, Any]) -> Any:
    return ((name, _columns(value)) for name, value in flows.items())


def _columns(value: Any) -> Any:
    """A (K,) flow as (K, 1), so that it divides by the prices of N paths."""
    return value[:, None] if np.ndim(value) == 1 else value
