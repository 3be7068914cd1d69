"""Several plans walked as one: numbers that differ get an axis of their own.

Only what a rule and the flows say may differ. Every operation is the one of a single walk on more
numbers; in single precision, so that they are as many as fit.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tenet.planning.plan import Plan, RuleNumbers
from tenet.planning.terms import Terms, all_terms

if TYPE_CHECKING:
    from collections.abc import Sequence


def stack_key(plan: Plan) -> tuple[Any, ...] | None:
    """Equal for plans that can be walked together on the same draws; None: only alone."""
    if not plan.buckets.is_single or plan.flows_nominal is not None:
        return None
    price = b"" if plan.price is None else plan.price.tobytes()
    rule = (plan.rule.kind, plan.rule.is_of_balance, plan.rule.cuts)
    return (plan.steps, plan.retirement, plan.pays_at_end, plan.growth_scale, price, rule)


def stacked(plans: Sequence[Plan]) -> tuple[Plan, Terms]:
    """Plans of one key as one plan and its terms: what differs between S plans is (..., S, 1)."""
    every = [all_terms(plan) for plan in plans]
    terms = Terms(*(_together([getattr(one, f.name) for one in every]) for f in fields(Terms)))
    numbers = {
        f.name: _together([getattr(plan.rule, f.name) for plan in plans])
        for f in fields(RuleNumbers)
        if f.name not in ("kind", "cuts")
    }
    balance = np.stack([plan.buckets.balance for plan in plans], axis=1)[..., None]
    first = plans[0]
    plan = replace(
        first,
        rule=replace(first.rule, **numbers),
        buckets=replace(first.buckets, balance=balance),
    )
    return plan, terms


def _together(values: list[Any]) -> Any:
    """The value itself where all are equal, else with an axis for plans and one for paths."""
    if all(np.array_equal(values[0], other) for other in values[1:]):
        return values[0]
    return np.stack([np.asarray(value, np.float32) for value in values], axis=-1)[..., None]
