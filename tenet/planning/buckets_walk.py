"""Paths of wealth in several buckets, with taxes, step by step.

At each step: what comes in is paid in, what is due is taken from the buckets in their order, and
what is left grows (timing end: it grows first). A withdrawal of x from a bucket costs the tax on x,
or on the gain in x; what is due is net of that tax, but for rules of the balance, which say what
leaves the portfolio. Without taxes it agrees with walk.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tenet.planning.outcome import Outcome, empty_outcome
from tenet.planning.record import Detail, Record
from tenet.planning.retired import Retired
from tenet.planning.terms import all_terms, terms_at

if TYPE_CHECKING:
    from tenet.planning.draws import Draws
    from tenet.planning.plan import Floats, Plan
    from tenet.planning.terms import Terms


def walked(plan: Plan, draws: Draws) -> Outcome:
    """Every path of a plan."""
    walk = BucketsWalk(plan, draws)
    walk.run()
    return walk.outcome


def detailed(plan: Plan, draws: Draws) -> tuple[Outcome, Detail]:
    """As walked, with what happened in each bucket. For few paths: it keeps everything."""
    walk = BucketsWalk(plan, draws)
    shape = (plan.years, len(plan.buckets.names), draws.paths)
    walk.detail = Detail(*(np.zeros(shape) for _ in range(5)))
    walk.run()
    return walk.outcome, walk.detail


class BucketsWalk:
    """One walk of all paths."""

    def __init__(self, plan: Plan, draws: Draws) -> None:
        self.plan, self.draws = plan, draws
        self.outcome = empty_outcome(plan, draws)
        self.outcome.spending[:] = 0.0
        self.outcome.tax = np.zeros((plan.years, draws.paths))
        self.balances = [np.full(draws.paths, one) for one in plan.buckets.balance]
        self.bases = [np.full(draws.paths, one) for one in plan.buckets.basis]
        self.terms = all_terms(plan) if plan.flows_nominal is None else None
        self.rule = Retired(plan, draws, self.terms)
        self.price: Any = plan.price_start
        self.detail: Detail | None = None
        self.record: Record | None = None

    def run(self) -> None:
        """Every step."""
        plan = self.plan
        for step in range(plan.steps):
            is_retired = step >= plan.retirement and self.rule.decides
            if is_retired and (step - plan.retirement) % plan.steps_per_year == 0:
                self.rule.decide(step, np.sum(self.balances, axis=0), self.price)
            if self.record is not None:
                self.record.wealth.append(np.sum(self.balances, axis=0))
                self.record.price.append(self.price)
            if plan.pays_at_end:
                self._grow(step)
            self._flow(step)
            if not plan.pays_at_end:
                self._grow(step)
            if (step + 1) % plan.steps_per_year == 0:
                self._close(step // plan.steps_per_year)

    def _flow(self, step: int) -> None:
        plan, buckets, year = self.plan, self.plan.buckets, step // self.plan.steps_per_year
        is_retired = step >= plan.retirement
        terms = self.terms.at(step) if self.terms is not None else terms_at(plan, step, self.price)
        scale = self.rule.scale if is_retired else 1.0
        gross = scale if is_retired and plan.rule.is_of_balance else None
        net = terms.fixed - terms.deposit + (0.0 if gross is not None else scale * terms.scaled)
        self._pay_in(step, buckets.surplus, np.maximum(net, 0))
        for place in range(len(buckets.names)):
            self._pay_in(step, place, self._contribution(step, place))
        received: Any = 0.0
        if gross is not None:
            received, missing_gross = self._take(np.asarray(gross), year, is_net=False)
        due = np.maximum(-net, 0) * np.ones(self.draws.paths)
        _, missing = self._take(due, year, is_net=True)
        if gross is None:
            spent = terms.spent + scale * terms.spent_scaled
        else:
            spent, missing = terms.spent + received, missing + missing_gross
        self._note(step, terms, spent, missing, gross)

    def _note(self, step: int, terms: Terms, spent: Any, missing: Floats, gross: Any) -> None:
        outcome, year = self.outcome, step // self.plan.steps_per_year
        unspent = (
            np.zeros_like(missing) if gross is not None else np.maximum(missing - terms.outlay, 0)
        )
        paid = spent - unspent
        outcome.spending[year] += paid
        due = gross if gross is not None else spent
        is_empty = missing > 1e-9 * np.maximum(due, 1e-9)
        np.minimum(outcome.empty_step, step, out=outcome.empty_step, where=is_empty)
        is_short = np.broadcast_to(
            paid < terms.essential * (1 - 1e-9) - 1e-9, outcome.short_step.shape
        )
        np.minimum(outcome.short_step, step, out=outcome.short_step, where=is_short)
        if self.record is not None:
            self.record.spending.append(paid * np.ones(self.draws.paths))
            self.record.is_short.append(is_short)

    def _contribution(self, step: int, place: int) -> Any:
        flows, nominal = self.plan.flows, self.plan.flows_nominal
        is_surplus = place == self.plan.buckets.surplus
        amount = flows.contribution[place, step] + is_surplus * flows.windfall[step]
        if nominal is None:
            return amount
        extra = nominal.contribution[place, step] + is_surplus * nominal.windfall[step]
        return amount + extra / self.price

    def _pay_in(self, step: int, place: int, amount: Any) -> None:
        if not np.any(amount):
            return
        self.balances[place] = self.balances[place] + amount
        self.bases[place] = self.bases[place] + amount
        if self.detail is not None:
            self.detail.paid_in[step // self.plan.steps_per_year, place] += amount

    def _take(self, due: Floats, year: int, *, is_net: bool) -> tuple[Floats, Floats]:
        """What is received after tax, and what of `due` could not be taken."""
        buckets, left = self.plan.buckets, due
        received = np.zeros_like(due)
        for place, rate in enumerate(buckets.tax):
            if not left.any():
                break
            balance = self.balances[place]
            keep = self._kept(place, float(rate))
            unit = keep if is_net else 1.0
            gross = np.minimum(left / unit, balance)
            left = np.maximum(left - gross * unit, 0)
            left[left < 1e-9 * due] = 0
            if buckets.gain_only[place]:
                share = np.divide(gross, balance, out=np.zeros_like(gross), where=balance > 0)
                self.bases[place] = self.bases[place] * (1 - share)
            self.balances[place] = balance - gross
            received += gross * keep
            tax = gross * (1 - keep)
            self.outcome.tax[year] += tax
            if self.detail is not None:
                self.detail.withdrawn[year, place] += gross
                self.detail.tax[year, place] += tax
        return received, left

    def _kept(self, place: int, rate: float) -> Any:
        """The part of a withdrawal that is left after tax."""
        if not self.plan.buckets.gain_only[place]:
            return 1 - rate
        balance, basis = self.balances[place], self.bases[place]
        share = np.divide(basis, balance, out=np.ones_like(basis), where=balance > 0)
        return 1 - rate * np.maximum(1 - share, 0)

    def _grow(self, step: int) -> None:
        plan, year = self.plan, step // self.plan.steps_per_year
        market = self.draws.growth[step].astype(np.float64) * plan.growth_scale
        if plan.price is not None:
            rise: Any = plan.price[step + 1] / plan.price[step]
        else:
            assert self.draws.inflation is not None  # as in outcome.yearly_price
            rise = 1.0 + self.draws.inflation[step]
        total = np.sum(self.balances, axis=0)
        for place, own in enumerate(plan.buckets.growth):
            before = self.balances[place]
            self.balances[place] = before * (market if np.isnan(own) else own)
            if plan.buckets.gain_only[place]:
                self.bases[place] = self.bases[place] / rise
            if self.detail is not None:
                self.detail.growth[year, place] += self.balances[place] - before
        if self.rule.looks_back:
            after = np.sum(self.balances, axis=0)
            self.rule.saw(np.divide(after, total, out=market, where=total > 0))
        self.price = self.price * rise

    def _close(self, year: int) -> None:
        self.outcome.wealth[year + 1] = sum(self.balances)
        if self.detail is not None:
            self.detail.balance[year] = self.balances
