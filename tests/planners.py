"""Plans of one person with one account, so that a test says only what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.planning.scenario import parse

if TYPE_CHECKING:
    from tenet.planning.scenario import Scenario

RISKY = {"kind": "lognormal", "log_mean": {"fund": 0.04}, "log_sd": {"fund": 0.15}}


def fixed(rate: float, basis: str = "real") -> dict[str, Any]:
    """A market in which the fund earns the same every year."""
    return {"kind": "fixed", "returns": {"fund": rate}, "basis": basis}


def spending(amount: float, **fields: Any) -> dict[str, Any]:
    """A stream of spending per year."""
    return {"name": "Living", "kind": "spending", "amount": amount} | fields


def income(amount: float, **fields: Any) -> dict[str, Any]:
    """A stream of income per year."""
    return {"name": "Pension", "kind": "income", "amount": amount} | fields


def retiree(years: int = 30, balance: float = 1_000_000, **fields: Any) -> Scenario:
    """Somebody of 65 who is retired from 2026-01 on, in a plan of so many years, 500 paths."""
    document = {
        "name": "Retired",
        "currency": "EUR",
        "start": "2026-01-01",
        "basis_year": 2026,
        "people": [{"name": "Kim", "born": "1961-01-01", "end_age": 65 + years}],
        "retirement": {"milestone": "start"},
        "accounts": [{"name": "Fund", "kind": "taxable", "balance": balance}],
        "allocation": [{"weights": {"fund": 1}}],
        "market": RISKY,
        "paths": 500,
    }
    return parse(document | fields)
