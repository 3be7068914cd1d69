"""A small scenario document, so that a test says only what it is about."""

from __future__ import annotations

from typing import Any


def document(**fields: Any) -> dict[str, Any]:
    """Kim, of 60 in 2024, with the brokerage of the household of tests/conftest.py; 200 paths."""
    return {
        "name": "Plan",
        "currency": "USD",
        "start": "2024-01-01",
        "basis_year": 2024,
        "people": [{"name": "Kim", "born": "1964-01-01", "end_age": 80}],
        "retirement": {"age": 65},
        "accounts": [{"name": "Broker", "kind": "taxable", "account_id": "broker:1"}],
        "streams": [{"name": "Living", "kind": "spending", "amount": 60}],
        "events": [{"name": "Roof", "at": {"date": "2030-05-01"}, "one_off": -100}],
        "goals": [{"name": "Leave", "kind": "legacy", "amount": 200}],
        "allocation": [{"weights": {"stocks": 0.6, "bonds": 0.4}}],
        "market": {
            "kind": "lognormal",
            "log_mean": {"stocks": 0.05, "bonds": 0.01},
            "log_sd": {"stocks": 0.17, "bonds": 0.05},
            "correlation": [[1, 0.1], [0.1, 1]],
        },
        "paths": 200,
    } | fields
