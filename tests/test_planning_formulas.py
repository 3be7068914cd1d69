"""Closed forms by arithmetic that can be done on paper, and what they refuse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tenet.errors import InputOutOfRange
from tenet.planning import formulas, lifetimes, moments, ruin
from tenet.planning.backtest import constant_rule, traced
from tenet.planning.plan import RuleNumbers

if TYPE_CHECKING:
    from collections.abc import Callable


FOUND: list[tuple[float | None, float | None]] = [
    (formulas.depletion_years(100, 10, 0.0), 10),
    (formulas.depletion_years(100, 4, 0.05), None),
    (formulas.future_value(100, 10, 0.0, 5), 150),
    (formulas.future_value(100, 0, 0.1, 2), 121),
    (formulas.future_value(0, 100, 0.1, 2, "end"), 210),
    (formulas.future_value(0, 100, 0.1, 2, "start"), 231),
    (formulas.fire_number(40_000, 0.04), 1_000_000),
    (formulas.coast_fire(121, 0.1, 2), 100),
    (formulas.years_to_target(100, 50, 0.0, 200), 2),
    (formulas.years_to_target(300, 50, 0.0, 200), 0),
    (formulas.years_to_target(100, 0, 0.0, 200), None),
    (formulas.years_to_target(100, -10, 0.05, 200), None),
    (formulas.years_to_target(100, 0, 0.1, 121), 2),
    (formulas.annuity_due(0.0, 4), 0.25),
    (formulas.annuity_due(0.1, 2), 1.1 / 2.1),
    (formulas.vpw_rate(1, 0.5), 1),
    (formulas.cape_rate(0.01, 0.5, 25), 0.03),
    (12 * math.log1p(formulas.monthly_rate(0.05)), math.log1p(0.05)),
    (moments.terminal_quantile(0.05, 0.2, 4, 0.5), math.exp(0.2)),
    (moments.probability_below(0.0, 0.2, 4, 1.0), 0.5),
    (lifetimes.regularized_gamma(1, 0.7), 1 - math.exp(-0.7)),
    (lifetimes.regularized_gamma(1, 7), 1 - math.exp(-7)),
    (lifetimes.regularized_gamma(0.5, 0.4), math.erf(math.sqrt(0.4))),
    (lifetimes.gompertz_survival(65, 0), 1),
    (ruin.safe_rate([0.03, 0.05, 0.04]), 0.03),
    (ruin.safe_rate([0.03, 0.05, 0.04, 0.06], 0.75), 0.04),
]


@pytest.mark.parametrize(("found", "expected"), FOUND, ids=[str(n) for n in range(len(FOUND))])
def test_a_formula_is_arithmetic(found: float | None, expected: float | None) -> None:
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-12))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: formulas.depletion_years(-1, 1, 0.1), "balance: given -1; allowed is 0 or more"),
        (lambda: formulas.future_value(1, 1, -1, 3), "rate: given -1; allowed is above -1"),
        (lambda: formulas.fire_number(1, 0), "rate: given 0; allowed is above 0"),
        (lambda: formulas.vpw_rate(0, 0.5), "payments: given 0; allowed is 1 or more"),
        (lambda: formulas.vpw_rate(5, 1.5), "equity: given 1.5; allowed is 0 to 1"),
        (lambda: formulas.depletion_years(1, 1, 0.1, "begin"), "timing: given begin"),
        (lambda: lifetimes.gompertz_survival(65, -1), "years: given -1; allowed is 0 or more"),
        (lambda: lifetimes.perpetuity_ruin(-0.1, 0.1, 25), "mean: given -0.1; allowed is high"),
        (lambda: moments.terminal_quantile(0, 1, 1, 5), "probability: given 5"),
        (lambda: traced(constant_rule(0.04, 2), 1, [0.1], []), "inflation: given 0 years"),
        (lambda: ruin.safe_rate([]), "rates: given 0; allowed is one or more"),
    ],
)
def test_a_formula_refuses_what_makes_no_sense(wrong: Callable[[], object], told: str) -> None:
    with pytest.raises(InputOutOfRange) as caught:
        wrong()
    assert str(caught.value).startswith(told)


def test_guardrails_act_in_the_stated_order() -> None:
    rule = RuleNumbers(
        "guyton_klinger",
        np.array([0.05]),
        lower=1.2,
        upper=0.8,
        cut=0.1,
        raise_=0.1,
        no_cut_final_years=15,
    )
    rows = traced(rule, 1000, [0.1, -0.2, 1.0], [0.03, 0.04, 0.05], horizon_years=40)
    assert rows["rules"].to_list() == ["", "I", "FC", "IP"]
    expected = [50, 51.5, 46.35, 46.35 * 1.05 * 1.1]
    assert rows["withdrawal_nominal"].to_list() == pytest.approx(expected)
    assert rows["balance_nominal"].to_list() == pytest.approx([1000, 1045, 794.8, 1496.9])


def test_a_withdrawal_at_the_end_of_a_year_comes_after_its_growth() -> None:
    late = traced(constant_rule(0.1, 2), 100, [0.1, 0.1], [0.0, 0.0], "end")
    early = traced(constant_rule(0.1, 2), 100, [0.1, 0.1], [0.0, 0.0], "start")
    assert late["balance_real"].to_list() == pytest.approx([100, 100, 100])
    assert early["balance_real"].to_list() == pytest.approx([100, 99, 97.9])
    assert early["withdrawal_real"].to_list() == [10, 10, None]
