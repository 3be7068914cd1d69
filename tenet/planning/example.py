"""An invented household, to try things on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tenet.planning.scenario import Scenario, parse


def example(**fields: Any) -> Scenario:
    """A couple of 40 and 38 who mean to retire at 60. `fields` replace parts of the document."""
    return parse(DOCUMENT | fields)


DOCUMENT: dict[str, Any] = {
    "name": "Retire at 60",
    "currency": "USD",
    "start": dt.date(2026, 1, 1),
    "basis_year": 2026,
    "people": [
        {"name": "Robin", "born": "1986-01-15", "end_age": 95},
        {"name": "Sam", "born": "1988-06-02", "end_age": 95},
    ],
    "milestones": [
        {"name": "pension", "at": {"age": 67, "person": "Robin"}},
        {"name": "school ends", "at": {"date": "2038-07-01"}},
    ],
    "retirement": {"age": 60, "person": "Robin"},
    "accounts": [
        {"name": "Savings", "kind": "cash", "balance": 40_000},
        {"name": "Brokerage", "kind": "taxable", "balance": 310_000, "basis": 200_000},
        {"name": "Workplace plan", "kind": "deferred", "balance": 260_000},
        {"name": "Tax-free", "kind": "free", "balance": 70_000},
        {"name": "House", "kind": "property", "balance": 450_000, "growth": 0.01},
        {
            "name": "Mortgage",
            "kind": "debt",
            "balance": 180_000,
            "interest": 0.035,
            "payment": 15_600,
        },
    ],
    "streams": [
        {
            "name": "Pay",
            "kind": "income",
            "amount": 135_000,
            "growth": 0.01,
            "tax": 0.24,
            "end": {"milestone": "retirement"},
        },
        {
            "name": "Pension",
            "kind": "income",
            "amount": 28_000,
            "tax": 0.1,
            "start": {"milestone": "pension"},
        },
        {"name": "Living", "kind": "spending", "amount": 52_000},
        {
            "name": "Travel",
            "kind": "spending",
            "amount": 14_000,
            "need": "discretionary",
        },
        {
            "name": "Children",
            "kind": "spending",
            "amount": 12_000,
            "end": {"milestone": "school ends"},
        },
        {
            "name": "Employer match",
            "kind": "contribution",
            "amount": 6_000,
            "end": {"milestone": "retirement"},
            "account": "Workplace plan",
        },
    ],
    "events": [
        {
            "name": "University",
            "at": {"milestone": "school ends"},
            "yearly": -18_000,
            "years": 4,
            "need": "essential",
        },
        {"name": "New roof", "at": {"date": "2033-05-01"}, "one_off": -25_000},
    ],
    "goals": [
        {"name": "Retire", "kind": "retire", "by": {"age": 60, "person": "Robin"}},
        {"name": "Leave something", "kind": "legacy", "amount": 200_000, "wanted": 0.75},
    ],
    "allocation": [
        {"weights": {"stocks": 0.8, "bonds": 0.2, "bills": 0}},
        {
            "at": {"milestone": "retirement"},
            "weights": {"stocks": 0.55, "bonds": 0.35, "bills": 0.1},
        },
    ],
    "market": {
        "kind": "lognormal",
        "log_mean": {"stocks": 0.05, "bonds": 0.014, "bills": 0.003},
        "log_sd": {"stocks": 0.17, "bonds": 0.07, "bills": 0.02},
        "correlation": [[1, 0.1, 0], [0.1, 1, 0.3], [0, 0.3, 1]],
    },
    "fee": 0.002,
    "taxes": {"taxable": 0.15, "deferred": 0.18},
}
