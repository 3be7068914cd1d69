"""The invented family's plan: a scenario on its accounts, and what that said a year ago."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tenet.demo import facts

if TYPE_CHECKING:
    from datetime import date, datetime

    from tenet.workspace import Workspace

NAME = "Demo plan"
PATHS = 2_000
"""Of the saved run: enough to look at, and quick."""


def document(start: date) -> dict[str, Any]:
    """The family's scenario from a first month on. Every figure in it is invented."""
    accounts = (
        ("Bank", "cash", facts.BANK),
        ("US brokerage", "taxable", facts.US),
        ("German depot", "taxable", facts.GERMAN),
        ("Coins", "taxable", facts.COINS),
        ("Private fund", "taxable", facts.FUND),
        ("House", "property", facts.HOUSE),
        ("Mortgage", "debt", facts.HOUSE),
    )
    listed: list[dict[str, Any]] = [
        {"name": name, "kind": kind, "account_id": of} for name, kind, of in accounts
    ]
    listed[-2]["growth"] = 0.01
    listed[-1] |= {"interest": 0.036, "payment": 22_440}
    return {
        "name": NAME,
        "currency": facts.BASE_CURRENCY,
        "start": start.isoformat(),
        "basis_year": start.year,
        "people": [
            {"name": "Robin", "born": "1984-03-09"},
            {"name": "Sam", "born": "1986-08-21"},
        ],
        "milestones": [{"name": "pension", "at": {"age": 67, "person": "Robin"}}],
        "retirement": {"age": 62, "person": "Robin"},
        "accounts": listed,
        "streams": [
            {
                "name": "Pay",
                "kind": "income",
                "amount": 138_000,
                "tax": 0.26,
                "growth": 0.005,
                "end": {"milestone": "retirement"},
            },
            {
                "name": "Pensions",
                "kind": "income",
                "amount": 31_000,
                "tax": 0.12,
                "start": {"milestone": "pension"},
            },
            {"name": "Living", "kind": "spending", "amount": 46_000},
            {
                "name": "Travel",
                "kind": "spending",
                "amount": 9_000,
                "need": "discretionary",
            },
        ],
        "events": [
            {"name": "New roof", "at": {"age": 52, "person": "Robin"}, "one_off": -28_000},
            {
                "name": "University",
                "at": {"age": 51, "person": "Sam"},
                "yearly": -15_000,
                "years": 4,
                "need": "essential",
            },
        ],
        "goals": [
            {"name": "Retire", "kind": "retire", "by": {"age": 62, "person": "Robin"}},
            {"name": "Leave the house paid", "kind": "legacy", "amount": 500_000, "wanted": 0.75},
        ],
        "allocation": [
            {"weights": {"stocks": 0.75, "bonds": 0.1, "bills": 0.15}},
            {
                "at": {"milestone": "retirement"},
                "weights": {"stocks": 0.5, "bonds": 0.3, "bills": 0.2},
            },
        ],
        "market": {
            "kind": "lognormal",
            "log_mean": {"stocks": 0.05, "bonds": 0.014, "bills": 0.003},
            "log_sd": {"stocks": 0.17, "bonds": 0.07, "bills": 0.02},
            "correlation": [[1, 0.1, 0], [0.1, 1, 0.3], [0, 0.3, 1]],
        },
        "fee": 0.002,
        "taxes": {"taxable": 0.15},
    }


def land_plan(workspace: Workspace, *, through: date, at: datetime) -> bool:
    """Land the plan of a year ago with a saved run, then the plan as it goes on from this month.

    Only for the holder of the home's lock, after a build. Returns whether anything was landed: a
    home that ever had the plan keeps it as it is.
    """
    from tenet.planning.simulation import simulate
    from tenet.plans import runs, store
    from tenet.plans.balances import filled

    home = workspace.home
    if store.history(home, store.id_of(NAME)):
        return False
    start = through.replace(year=through.year - 1, day=1)
    store.create(home, document(start), at=at)
    then = filled(workspace, NAME, on=start - timedelta(days=1))
    runs.save(home, then, simulate(then.scenario, paths=PATHS), at=at)
    now = document(through.replace(day=1))
    store.replace(home, NAME, now, made_on=None, at=at + timedelta(microseconds=1))
    return True
