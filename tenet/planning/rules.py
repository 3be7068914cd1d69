"""Withdrawal rules: one decision a year, for many paths at once, in money of the basis year.

A rule of the balance answers with what is taken in the year; a rule of the plan (planned, flex,
Guyton-Klinger without a rate) with a factor on what the streams need. balance, last and the past
year's figures are (N,) or one number. Formulas and their order: docs/planning.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tenet.planning.plan import Floats, RuleNumbers


@dataclass
class Past:
    """What a decision looks back on."""

    fell: Any = False
    """Whether the portfolio's nominal return was negative in the year before, after fees."""
    inflation: Floats | float = 0.0
    """Of the year before, a fraction."""
    drawdown: Floats | float = 0.0
    """Real fall of the portfolio's growth from its highest level so far, a fraction."""


@dataclass
class Decision:
    """What was decided, and what the next decision needs to know of it."""

    taken: Any
    """Money per year, or a factor on what is needed."""
    first: Any
    """Of the first decision: the same, for bounds; for Guyton-Klinger the initial rate."""


def decide_first(rule: RuleNumbers, balance: Floats, need: Floats | float) -> Decision:
    """The decision at retirement. need: of the plan's rules, money per year without any cut."""
    if not rule.is_of_balance:
        one = np.ones_like(balance)
        with np.errstate(divide="ignore", invalid="ignore"):
            return Decision(one, np.nan_to_num(need / balance, nan=0.0, posinf=1e30))
    taken = np.clip(balance * _rate(rule, 0), *_amounts(rule))
    if rule.kind == "guyton_klinger":
        return Decision(taken, _rate(rule, 0))
    return Decision(taken, taken)


def decide(
    rule: RuleNumbers,
    number: int,
    before: Decision,
    balance: Floats,
    need: Floats | float,
    past: Past,
    years_left: int,
) -> Decision:
    """Decision `number` (0 is the first). years_left: withdrawals still to come, this one too."""
    if rule.kind in ("planned", "constant"):
        return before
    if rule.kind == "flex":
        return Decision(
            1 - flex_cut(past.drawdown, rule.cuts) * np.ones_like(balance), before.first
        )
    if rule.kind == "guyton_klinger":
        last = before.taken if rule.is_of_balance else before.taken * need
        taken = guyton_klinger(rule, last, balance, before.first, past, years_left).taken
        if not rule.is_of_balance:
            is_needed = np.asarray(need) > 0
            taken = np.divide(taken, need, out=before.taken.copy(), where=is_needed)
        return Decision(taken, before.first)
    wanted = balance * _rate(rule, number)
    low: Any
    high: Any
    if rule.kind == "floor_ceiling":
        low, high = before.first * rule.floor, before.first * rule.ceiling
    elif rule.kind == "dynamic":
        low, high = before.taken * (1 - rule.floor), before.taken * (1 + rule.ceiling)
    else:
        low, high = _amounts(rule)
    return Decision(np.clip(wanted, low, high), before.first)


@dataclass
class Adjusted:
    """A withdrawal after Guyton and Klinger, and which of their rules acted on it."""

    taken: Any
    frozen: Any
    cut: Any
    raised: Any


def guyton_klinger(
    rule: RuleNumbers, last: Any, balance: Any, initial: Any, past: Past, years_left: int
) -> Adjusted:
    """The withdrawal after `last` (real): inflation, then preservation, then prosperity.

    initial: the first year's withdrawal as a fraction of the balance then.
    """
    level = initial * balance
    frozen = past.fell & (last > level)
    granted = _plain(np.minimum(past.inflation, rule.inflation_cap))
    taken = last * ((1 + granted) / (1 + past.inflation))
    _multiply(taken, frozen, 1 / (1 + granted))
    cut = (taken > rule.lower * level) & (years_left > rule.no_cut_final_years)
    _multiply(taken, cut, 1 - rule.cut)
    raised = taken < rule.upper * level
    _multiply(taken, raised, 1 + rule.raise_)
    return Adjusted(taken, frozen, cut, raised)


def _multiply(values: Floats, mask: Any, factor: Any) -> None:
    """Multiply where the mask is true; by arithmetic, which is quicker than a choice."""
    change = mask.astype(values.dtype)
    change *= factor - 1
    change += 1
    values *= change


def flex_cut(drawdown: Floats | float, cuts: tuple[tuple[float, float], ...]) -> Floats:
    """The deepest cut whose drawdown is reached; 0 where none is."""
    fallen = np.asarray(drawdown)
    deepest = np.zeros_like(fallen)
    for least, cut in cuts:
        deepest = np.maximum(
            deepest, np.where(fallen >= least, fallen.dtype.type(cut), fallen.dtype.type(0))
        )
    return deepest


def _rate(rule: RuleNumbers, number: int) -> Any:
    return _plain(rule.rates[number])


def _plain(value: Any) -> Any:
    """As a plain number where it is one, so that it does not widen single precision."""
    return float(value) if np.ndim(value) == 0 else value


def _amounts(rule: RuleNumbers) -> tuple[float, float]:
    return (rule.floor, rule.ceiling) if rule.kind == "percent" else (0.0, np.inf)
