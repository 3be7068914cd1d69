"""Paths of wealth in one bucket without taxes, several months at a time.

While the flow f of a step does not change, L steps are one: V' = V G + f A, with G the product of
the growth factors and A by Horner's rule. That is exact, ruin included: a balance that falls below
zero while money goes out stays below. Only paths that do so are walked step by step.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tenet.planning import buckets_walk
from tenet.planning.falling import Stretch, is_less, stop_at_zero
from tenet.planning.outcome import Outcome, empty_outcome
from tenet.planning.retired import Retired
from tenet.planning.terms import Terms, all_terms, terms_at

if TYPE_CHECKING:
    from tenet.planning.draws import Draws
    from tenet.planning.plan import Floats, Plan

Memory = dict[tuple[int, int, float, bool], tuple[Any, ...]]
"""Grown stretches of one set of draws, kept between walks of many plans."""


def walked(plan: Plan, draws: Draws) -> Outcome:
    """Every path of a plan."""
    walk = single_walk if plan.buckets.is_single else buckets_walk.walked
    return walk(plan, draws)


def single_walk(
    plan: Plan,
    draws: Draws,
    memory: Memory | None = None,
    *,
    terms: Terms | None = None,
    is_floored: bool = True,
    is_single: bool = False,
) -> Outcome:
    """As `walked`, for one bucket.

    memory: kept between walks on the very same draws and in the same precision, to spare work.
    terms: of all steps, where they are known already: those of several plans (stack.py).
    is_single: in single precision, for many plans at once; figures agree to about a part in 10^5.
    is_floored: false lets balances fall below zero, and nothing is short: for exact moments.
    """
    walk = _Walk(plan, draws, memory, terms, np.float32 if is_single else np.float64)
    for first, stop in walk.stretches():
        walk.go(first, stop, is_floored)
    return walk.outcome


class _Walk:
    def __init__(
        self,
        plan: Plan,
        draws: Draws,
        memory: Memory | None,
        terms: Terms | None,
        precision: type[np.floating],
    ) -> None:
        self.plan, self.draws, self.memory = plan, draws, memory
        self.precision, self.slack = precision, 1e-9 if precision is np.float64 else 2e-6
        self.outcome = empty_outcome(plan, draws, precision)
        self.balance: Floats = self.outcome.wealth[0]
        if terms is None and plan.flows_nominal is None:
            terms = all_terms(plan)
        self.terms = terms
        self.rule = Retired(plan, draws, self.terms, precision)
        self.price: Any = plan.price_start

    def stretches(self) -> list[tuple[int, int]]:
        """Steps from and to, over which flows do not change and no year begins or rule decides."""
        plan = self.plan
        if self.terms is None:
            return [(step, step + 1) for step in range(plan.steps)]
        steps = np.arange(plan.steps)
        is_new = self.terms.changes() | (steps % plan.steps_per_year == 0)
        if self.rule.decides:
            is_new |= (steps >= plan.retirement) & (
                (steps - plan.retirement) % plan.steps_per_year == 0
            )
        bounds = [*np.flatnonzero(is_new).tolist(), plan.steps]
        return list(pairwise(bounds))

    def go(self, first: int, stop: int, is_floored: bool) -> None:
        """Walk one stretch."""
        plan, rule, outcome = self.plan, self.rule, self.outcome
        is_deciding = first >= plan.retirement and rule.decides
        if is_deciding and (first - plan.retirement) % plan.steps_per_year == 0:
            rule.decide(first, self.balance, self.price)
        scale = rule.scale if first >= plan.retirement else 1.0
        if self.terms is None and plan.pays_at_end:
            self._rise(first)
        terms = (
            self.terms.at(first) if self.terms is not None else terms_at(plan, first, self.price)
        )
        product, series = self._grown(first, stop)
        year, is_year_end = first // plan.steps_per_year, stop % plan.steps_per_year == 0
        before = self.balance
        after = outcome.wealth[year + 1] if is_year_end else np.empty_like(before)
        self.balance = np.multiply(before, product, out=after)
        if np.any(terms.scaled):
            after += scale * (terms.scaled * series)
        if np.any(terms.fixed):
            after += terms.fixed * series
        spent = _combined(terms.spent, scale, terms.spent_scaled)
        if first % plan.steps_per_year == 0:
            np.multiply(spent, stop - first, out=outcome.spending[year])
        else:
            outcome.spending[year] += (stop - first) * spent
        self._check_essential(first, terms, spent)
        if is_floored and after.min() < 0:
            flow = _combined(terms.fixed, scale, terms.scaled)
            stretch = Stretch(first, stop, flow, spent, terms.outlay, terms.essential, self.slack)
            stop_at_zero(stretch, plan, self.draws, outcome, before, after)
        if rule.looks_back:
            rule.saw(product)
        if self.terms is None and not plan.pays_at_end:
            self._rise(first)

    def _rise(self, step: int) -> None:
        assert self.draws.inflation is not None  # as in outcome.yearly_price
        self.price = self.price * (1.0 + self.draws.inflation[step])

    def _grown(self, first: int, stop: int) -> tuple[Any, ...]:
        """Product of growth, and what a flow of 1 at each step grows to; as precise as the walk."""
        key = (first, stop, self.plan.growth_scale, self.plan.pays_at_end)
        if self.memory is not None and key in self.memory:
            return self.memory[key]
        factors = self.draws.growth[first:stop]
        scale = factors.dtype.type(self.plan.growth_scale)
        if self.plan.growth_scale != 1.0:
            factors = factors * scale
        product, series = factors[0].copy(), np.zeros_like(factors[0])
        if self.plan.pays_at_end:
            series += 1
            for factor in factors[1:]:
                product *= factor
                series *= factor
                series += 1
        else:
            series += factors[0]
            for factor in factors[1:]:
                product *= factor
                series += 1
                series *= factor
        grown = tuple(one.astype(self.precision, copy=False) for one in (product, series))
        if self.memory is not None:
            self.memory[key] = grown
        return grown

    def _check_essential(self, first: int, terms: Terms, spent: Any) -> None:
        """Whether what the rule allows is less than what is essential, though it could be paid."""
        if first < self.plan.retirement or not self.rule.decides or not np.any(terms.essential):
            return
        is_short = is_less(spent, terms.essential, self.slack)
        np.minimum(self.outcome.short_step, first, out=self.outcome.short_step, where=is_short)


def _combined(fixed: Any, scale: Any, scaled: Any) -> Any:
    """Fixed + scale x scaled, without work where it is plain."""
    if np.ndim(scaled) == 0 and np.ndim(fixed) == 0:
        if scaled == 0:
            return fixed
        if fixed == 0:
            return scale if scaled == 1 else scale * scaled
    return fixed + scale * scaled
