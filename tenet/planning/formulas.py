"""Closed forms: what an engine must agree with.

Balances and flows are in one currency, all real or all nominal; rates are fractions per year,
effective. timing: whether money flows at the start or the end of each year.
"""

from __future__ import annotations

import math
from typing import Literal

from tenet.errors import InputOutOfRange

Timing = Literal["start", "end"]


def monthly_rate(rate: float) -> float:
    """The monthly rate of an effective yearly one: (1 + rate)^(1/12) - 1."""
    require("rate", rate, rate > -1, "above -1")
    return math.expm1(math.log1p(rate) / 12)


def depletion_years(
    balance: float, withdrawal: float, rate: float, timing: Timing = "start"
) -> float | None:
    """Years until a constant yearly withdrawal has used up a balance; None when it never does.

    A whole number is the last full withdrawal, a fraction a part of one. Source: annuity formula.
    """
    require("balance", balance, balance >= 0, "0 or more")
    require("withdrawal", withdrawal, withdrawal > 0, "above 0")
    require("rate", rate, rate > -1, "above -1")
    if rate == 0:
        return balance / withdrawal
    used = rate * balance / (withdrawal * (1 + rate) ** _due(timing))
    return None if used >= 1 else -math.log1p(-used) / math.log1p(rate)


def future_value(
    start: float, contribution: float, rate: float, periods: float, timing: Timing = "end"
) -> float:
    """What a balance and a constant contribution per period grow to; rate is per period."""
    require("rate", rate, rate > -1, "above -1")
    require("periods", periods, periods >= 0, "0 or more")
    if rate == 0:
        return start + contribution * periods
    gain = math.expm1(periods * math.log1p(rate))
    due = float((1 + rate) ** _due(timing))
    return start * (1 + gain) + contribution * gain / rate * due


def future_value_monthly(
    start: float, monthly: float, rate: float, months: int, timing: Timing = "end"
) -> float:
    """As future_value with monthly contributions; rate is effective per year."""
    return future_value(start, monthly, monthly_rate(rate), months, timing)


def balance_after_real(
    balance: float,
    withdrawal: float,
    rate_nominal: float,
    inflation: float,
    years: float,
    timing: Timing = "start",
) -> float:
    """What is left, real, after yearly withdrawals that rise with prices. May be negative.

    Times (1 + inflation)^years it is the nominal balance.
    """
    real = (1 + rate_nominal) / (1 + inflation) - 1
    return future_value(balance, -withdrawal, real, years, timing)


def fire_number(spending: float, rate: float) -> float:
    """The balance of which `spending` is the fraction `rate`."""
    require("rate", rate, rate > 0, "above 0")
    return spending / rate


def coast_fire(target: float, rate: float, years: float) -> float:
    """The balance today that grows to the target without any contribution."""
    require("rate", rate, rate > -1, "above -1")
    return float(target / (1 + rate) ** years)


def years_to_target(
    balance: float, saving: float, rate: float, target: float, timing: Timing = "end"
) -> float | None:
    """Years of saving until a balance is the target; 0 when it is, None when it never will."""
    require("rate", rate, rate > -1, "above -1")
    if balance >= target:
        return 0.0
    if rate == 0:
        return (target - balance) / saving if saving > 0 else None
    saved = saving * (1 + rate) ** _due(timing)
    if rate * balance + saved <= 0 or rate * target + saved <= 0:
        return None
    more = rate * (target - balance) / (rate * balance + saved)
    years = math.log1p(more) / math.log1p(rate)
    return years if years > 0 else None


def annuity_due(rate: float, payments: int) -> float:
    """The payment at the start of each year that uses up a balance of 1 (PMT, due)."""
    require("payments", payments, payments >= 1, "1 or more")
    require("rate", rate, rate > -1, "above -1")
    if rate == 0:
        return 1 / payments
    return rate / -math.expm1(-payments * math.log1p(rate)) / (1 + rate)


def vpw_rate(
    payments: int, equity: float, stock_real: float = 0.05, bond_real: float = 0.019
) -> float:
    """Variable percentage withdrawal: the fraction to take when so many payments are left.

    Source: Bogleheads VPW: PMT, due, at the mix of the real returns of stocks and bonds.
    """
    require("equity", equity, 0 <= equity <= 1, "0 to 1")
    return annuity_due(equity * stock_real + (1 - equity) * bond_real, payments)


def cape_rate(a: float, b: float, cape: float) -> float:
    """The fraction to take at a valuation: a + b / CAPE."""
    require("cape", cape, cape > 0, "above 0")
    return a + b / cape


def _due(timing: Timing) -> int:
    require("timing", timing, timing in ("start", "end"), "start or end")
    return 1 if timing == "start" else 0


def require(name: str, given: object, is_allowed: bool, allowed: str) -> None:
    """Raise InputOutOfRange unless what was given is allowed."""
    if not is_allowed:
        raise InputOutOfRange(name, given, allowed)
