"""One future without chance: what the plan comes to, year by year, where the money goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.buckets_walk import detailed
from tenet.planning.compiling import compiled
from tenet.planning.draws import expected
from tenet.planning.outcome import yearly_price
from tenet.planning.when import month_date, month_number

if TYPE_CHECKING:
    import polars as pl

    from tenet.planning.plan import Floats, Plan
    from tenet.planning.scenario import Scenario


def projection(scenario: Scenario, returns: pl.DataFrame | None = None) -> pl.DataFrame:
    """The year table of a scenario when every asset grows at its median.

    A row per year: year, date (its first day), age_<person> then, basis_year, price_level (at the
    year's end, basis year 1), and each of these as <name>_real and <name>_nominal: income (after
    its tax), income_tax, contributions, windfalls, spending, outlays, saved (paid into accounts),
    withdrawals (before tax), tax, growth; tax_<kind> and balance_<kind> of each kind of account;
    wealth (liquid), property, debt, net_worth. Balances are those at the year's end.
    wealth = wealth of the year before + saved - withdrawals + growth, in real and nominal.
    Nominal flows are real ones at the mean price level of the year.
    """
    import polars as pl

    plan = compiled(scenario, keeps_kinds=True)
    draws = expected(scenario, plan, returns)
    outcome, detail = detailed(plan, draws)
    price = yearly_price(plan, draws).reshape(plan.years + 1, -1)[:, 0]
    average, end = (price[1:] + price[:-1]) / 2, price[1:]
    flows = _flows(plan, average)
    flows |= {
        "spending": outcome.spending[:, 0],
        "saved": detail.paid_in[:, :, 0].sum(axis=1),
        "withdrawals": detail.withdrawn[:, :, 0].sum(axis=1),
        "tax": detail.tax[:, :, 0].sum(axis=1),
    }
    names = plan.buckets.names
    flows |= {f"tax_{name}": detail.tax[:, n, 0] for n, name in enumerate(names)}
    balances = {f"balance_{name}": detail.balance[:, n, 0] for n, name in enumerate(names)}
    balances["wealth"] = outcome.wealth[1:, 0]
    balances["property"] = plan.property_value[plan.steps_per_year :: plan.steps_per_year]
    balances["debt"] = plan.debt_nominal[plan.steps_per_year :: plan.steps_per_year] / end
    balances["net_worth"] = balances["wealth"] + balances["property"] - balances["debt"]
    columns: dict[str, Floats] = {}
    for values, level in ((flows, average), (balances, end)):
        for name, value in values.items():
            columns[f"{name}_real"] = value
            columns[f"{name}_nominal"] = value * level
    columns["growth_real"] = detail.growth[:, :, 0].sum(axis=1)
    wealth = np.concatenate([[outcome.wealth[0, 0] * price[0]], columns["wealth_nominal"]])
    paid = columns["saved_nominal"] - columns["withdrawals_nominal"]
    columns["growth_nominal"] = np.diff(wealth) - paid
    months = [plan.first_month + 12 * year for year in range(plan.years)]
    ages = {
        f"age_{person.name}": [(month - month_number(person.born)) / 12 for month in months]
        for person in scenario.people
    }
    return pl.DataFrame(
        {
            "year": [month // 12 for month in months],
            "date": [month_date(month) for month in months],
            **ages,
            "basis_year": [plan.basis_year] * plan.years,
            "price_level": end,
            **columns,
        }
    )


def _flows(plan: Plan, average: Floats) -> dict[str, Floats]:
    names = {
        "income": "income",
        "income_tax": "income_tax",
        "contributions": "contribution",
        "windfalls": "windfall",
        "outlays": "outlay",
    }
    found = {}
    for name, field in names.items():
        total = _by_year(plan, getattr(plan.flows, field))
        if plan.flows_nominal is not None:
            total = total + _by_year(plan, getattr(plan.flows_nominal, field)) / average
        found[name] = total
    return found


def _by_year(plan: Plan, flow: Floats) -> Floats:
    steps = flow if flow.ndim == 1 else flow.sum(axis=0)
    return np.asarray(steps.reshape(plan.years, plan.steps_per_year).sum(axis=1))
