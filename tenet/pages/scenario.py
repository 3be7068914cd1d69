"""A scenario chosen, bent by sliders, simulated, and told: what the scenarios notebook asks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tenet.errors import TenetError

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from datetime import date, datetime
    from pathlib import Path

    import polars as pl

    from tenet.planning.scenario import Scenario
    from tenet.planning.simulation import Simulation
    from tenet.plans.balances import Filled
    from tenet.workspace import Workspace

PREVIEW, FULL = 2_000, 10_000
"""Paths while a slider moves, and when it rests. The preview is the beginning of the full run."""

FROM_BALANCES, INVENTED = "new, from our own balances", "an invented couple"

RULES: dict[str, dict[str, Any] | None] = {
    "as the scenario says": None,
    "spend as planned": {"kind": "planned"},
    "the same every year (4 %)": {"kind": "constant"},
    "a share of each year's balance (4 %)": {"kind": "percent"},
    "guardrails (Guyton-Klinger)": {"kind": "guyton_klinger"},
    "floor and ceiling (5 %)": {"kind": "floor_ceiling"},
    "variable percentage (VPW)": {"kind": "vpw"},
    "dynamic (4 %, +5/-2.5 %)": {"kind": "dynamic"},
    "extras cut by half 10 % below the peak, all at 20 %": {
        "kind": "flex",
        "cuts": [{"drawdown": 0.1, "cut": 0.5}, {"drawdown": 0.2, "cut": 1.0}],
    },
}
"""Withdrawal rules by what people call them; with their defaults."""

_EVENT = {"name": str, "date": str, "one_off": float, "yearly": float, "years": int}

Told = dict[str, Any]


def choices(home: Path) -> list[str]:
    """What can be chosen: kept scenarios by name, one made of the balances, an invented one."""
    from tenet.plans import store

    kept = [one.name for one in store.scenarios(home) if one.kind == "user"]
    return [*kept, FROM_BALANCES, INVENTED]


def chosen(
    workspace: Workspace, choice: str, *, born: date, spending: float
) -> tuple[Filled | None, str]:
    """The scenario of a choice with its balances, or None; and what is to be said about it.

    born, spending: for FROM_BALANCES: of one person, and currency units per YEAR.
    """
    from tenet.planning.example import example
    from tenet.plans.balances import Filled, filled, with_build
    from tenet.plans.template import template

    try:
        if choice == INVENTED:
            found = Filled(example(), None, None, None, ())
        elif choice == FROM_BALANCES:
            document = template(workspace, "Our plan", born=born, spending=spending)
            found = with_build(workspace, document)
        else:
            found = filled(workspace, choice)
    except TenetError as error:
        return None, f"**{error}**  \n{error.hint or ''}"
    day = f"balances of {found.day}" if found.day else "balances as typed"
    out = f"; not in it: {', '.join(found.left_out)}" if found.left_out else ""
    return found, " ".join([f"_{day}{out}._", *found.notes])


def adjusted(
    scenario: Scenario, *, later: int, spending: float, more_return: float, rule: str
) -> Scenario:
    """The scenario as sliders bend it.

    later: years by which to retire later (earlier: below 0), within the plan. spending: factor on
    all spending. more_return: log return per year added to every asset. rule: one of RULES.
    """
    from tenet.planning import changes
    from tenet.planning.scenario import changed

    calendar = scenario.calendar
    if later and scenario.retirement is not None:
        last = calendar.years * 12 - 12
        month = min(max(calendar.retirement + 12 * later, 0), last)
        scenario = changes.retiring(scenario, month)
    scenario = changes.with_extra_return(changes.with_spending(scenario, spending), more_return)
    wanted = RULES[rule]
    if wanted is None:
        return scenario
    if wanted["kind"] == "vpw":
        assets = scenario.market.assets
        wanted = wanted | {"equity": ["stocks" if "stocks" in assets else assets[0]]}
    return changed(scenario, withdrawal=wanted)


def events(scenario: Scenario) -> pl.DataFrame:
    """The life events as a table to be edited: name, date, one_off, yearly (amounts), years."""
    import polars as pl

    calendar = scenario.calendar
    rows = [
        (one.name, str(calendar.date(calendar.month(one.at))), one.one_off, one.yearly, one.years)
        for one in scenario.events
    ]
    return pl.DataFrame(rows, schema=_EVENT, orient="row")


def with_events(scenario: Scenario, edited: pl.DataFrame) -> tuple[Scenario, str]:
    """The scenario with the events of an edited table; and what is wrong with it, in Markdown.

    A row that is as it was stays what it was, tied to its milestone; a row without a name or an
    amount is left out. With anything wrong, the scenario is as it was.
    """
    from tenet.planning.scenario import changed

    before = dict(zip(events(scenario).rows(), scenario.events, strict=True))
    found: list[Any] = []
    for row in edited.select(list(_EVENT)).rows():
        name, day, one_off, yearly, years = row
        if row in before:
            found.append(before[row].model_dump())
        elif name and (one_off or yearly):
            amounts = {"one_off": one_off or 0, "yearly": yearly or 0, "years": years or 0}
            found.append({"name": name, "at": {"date": day}, **amounts})
    try:
        return changed(scenario, events=found), ""
    except TenetError as error:
        return scenario, f"**{error}**"


def simulated(scenario: Scenario, paths: int, kept: MutableMapping[int, Any]) -> Simulation:
    """A simulation of so many paths; `kept` remembers the draws from one slider to the next.

    Raises ScenarioInvalid, ReturnsRefused.
    """
    from tenet.planning.simulation import simulate
    from tenet.plans.balances import returns_for

    found = simulate(scenario, returns_for(scenario), paths=paths, kept=kept.get(paths))
    kept[paths] = found.draws
    return found


def fan(simulation: Simulation, series: str, *, is_nominal: bool) -> pl.DataFrame:
    """Percentiles of one series (wealth, net_worth, spending) by year, for charts.fan_over_time."""
    import polars as pl

    rows = simulation.fan_nominal if is_nominal else simulation.fan
    basis = "nominal" if is_nominal else "real"
    there = rows.filter(pl.col("series") == series)
    if there.is_empty():
        there = rows.filter(pl.col("series") == "wealth")
    names = {name: name.removesuffix(f"_{basis}") for name in there.columns if name[0] == "p"}
    return there.select("date", *names).rename({"date": "valuation_date"} | names)


def money_of(scenario: Scenario, *, is_nominal: bool) -> str:
    """What amounts are in: the currency, and of which year's money."""
    return f"{scenario.currency} {'of the day' if is_nominal else f'of {scenario.basis_year}'}"


def headline(simulation: Simulation, *, incognito: bool) -> list[Told]:
    """Success and spending first: label, value and caption, for marimo's mo.stat."""
    from tenet.planning.solving import earliest_retirement, sustainable_spending
    from tenet.plans.balances import returns_for

    scenario, success = simulation.scenario, simulation.success
    returns = returns_for(scenario)
    how = {"paths": PREVIEW, "kept": None}
    spending = sustainable_spending(scenario, 0.9, returns, **how)
    told = [
        {
            "label": "never short of essential spending",
            "value": f"{success.probability:.1%}",
            "caption": f"{success.low:.1%} to {success.high:.1%} for sure of the simulation, "
            f"{success.paths:,} paths",
        },
        {
            "label": "spending that holds in 90 of 100 futures",
            "value": "none" if spending.factor is None else f"{spending.factor:.0%} of planned",
            "caption": spending.reason
            if spending.amount_real is None or incognito
            else f"{spending.amount_real:,.0f} {money_of(scenario, is_nominal=False)} a year",
        },
    ]
    if scenario.retirement is not None:
        earliest = earliest_retirement(scenario, 0.9, returns, **how)
        told.append(
            {
                "label": "earliest retirement that holds in 90 of 100",
                "value": "none" if earliest.date is None else f"{earliest.date:%B %Y}",
                "caption": earliest.reason
                or f"planned: {scenario.calendar.date(scenario.calendar.retirement):%B %Y}",
            }
        )
    return told


def failures(simulation: Simulation) -> pl.DataFrame:
    """When paths first fail, by year, for charts.failures_over_time."""
    rows = simulation.depletion.rename({"date": "valuation_date"})
    return rows.select("valuation_date", "short_share", "empty_share")


def time_line(scenario: Scenario) -> pl.DataFrame:
    """Streams, events and milestones in the order of their beginning, for charts.time_line."""
    import polars as pl

    calendar = scenario.calendar
    first, last = calendar.date(0), calendar.date(calendar.years * 12)
    rows: list[tuple[Any, ...]] = []
    for stream in scenario.streams:
        since = first if stream.start is None else calendar.date(calendar.month(stream.start))
        until = last if stream.end is None else calendar.date(calendar.month(stream.end))
        what = f"a year, {stream.basis}" + (f", {stream.need}" if stream.kind == "spending" else "")
        rows.append((stream.name, stream.kind, max(since, first), until, stream.amount, what))
    for event in scenario.events:
        month = calendar.month(event.at)
        since, until = calendar.date(month), calendar.date(month + 12 * event.years)
        what = "once" if event.one_off else f"a year for {event.years} years"
        rows.append((event.name, "event", since, until, event.one_off or event.yearly, what))
    marks = [(one.name, one.at) for one in scenario.milestones]
    if scenario.retirement is not None:
        marks.append(("retirement", scenario.retirement))
    for name, at in marks:
        day = calendar.date(calendar.month(at))
        rows.append((name, "milestone", day, day, None, ""))
    columns = ["name", "kind", "valuation_date", "until", "amount", "what"]
    return pl.DataFrame(rows, schema=columns, orient="row").sort("valuation_date", "name")


def heat(scenario: Scenario) -> pl.DataFrame:
    """Success by when one retires and by spending, on common draws, for charts.parameter_grid.

    retire_later: years, spending: as a share of planned (of the largest spending stream); success.
    """
    import polars as pl

    from tenet.planning.grid import grid
    from tenet.plans.balances import returns_for

    spent = [(one.amount, n) for n, one in enumerate(scenario.streams) if one.kind == "spending"]
    if scenario.retirement is None or not spent:
        return pl.DataFrame()
    amount, number = max(spent)
    now = scenario.retirement.offset_months
    years = {now + 12 * later: later for later in range(-4, 5, 2)}
    shares = {amount * percent / 100: percent / 100 for percent in range(70, 131, 10)}
    pointers = ("/retirement/offset_months", f"/streams/{number}/amount")
    axes: dict[str, list[Any]] = {pointers[0]: list(years), pointers[1]: list(shares)}
    found = grid(scenario, axes, returns_for(scenario), paths=PREVIEW, threads=os.cpu_count() or 1)
    later, spending = (pl.Series(found[pointer]) for pointer in pointers)
    return pl.DataFrame(
        {
            "retire_later": [f"{years[one]:+d} years" for one in later],
            "spending": [f"{shares[one]:.0%}" for one in spending],
            "success": found["success"],
        }
    )


def levers(scenario: Scenario) -> pl.DataFrame:
    """Which input moves success the most, for charts.tornado."""
    from tenet.planning.sensitivity import sensitivity
    from tenet.plans.balances import returns_for

    return sensitivity(scenario, returns_for(scenario), paths=PREVIEW)


def traits(simulation: Simulation) -> pl.DataFrame:
    """What the paths that fail have in common, beside the others: medians, as percentages."""
    import polars as pl

    from tenet.planning.paths import failure_traits

    rows = failure_traits(simulation)
    percent = [
        (pl.col(name) * 100).round(1).alias(label)
        for name, label in (("failed_p50", "failing paths, %"), ("others_p50", "the others, %"))
    ]
    return rows.select(pl.col("trait").str.replace_all("_", " ", literal=True), *percent)


def years(scenario: Scenario, *, is_nominal: bool) -> pl.DataFrame:
    """The year table without chance, in one kind of money, amounts as whole units."""
    import polars as pl

    from tenet.planning.projection import projection
    from tenet.plans.balances import returns_for

    basis = "nominal" if is_nominal else "real"
    table = projection(scenario, returns_for(scenario))
    amounts = [name for name in table.columns if name.endswith(f"_{basis}")]
    busy = [name for name in amounts if table[name].abs().max() != 0]
    ages = [name for name in table.columns if name.startswith("age_")]
    named = [pl.col(name).round(0).alias(name.removesuffix(f"_{basis}")) for name in busy]
    whole = [pl.col(name).round(0) for name in ages]
    return table.select(pl.col("year").cast(pl.String), *whole, *named)


def compared(workspace: Workspace, names: list[str]) -> tuple[list[Simulation], pl.DataFrame]:
    """Kept scenarios on the same futures, and each two of them beside each other.

    Raises TenetError of what cannot be simulated.
    """
    from tenet.planning.comparison import compare
    from tenet.plans.balances import filled, returns_for

    scenarios = [filled(workspace, name).scenario for name in names]
    found = compare(scenarios, returns_for(scenarios[0]), paths=FULL)
    return list(found.simulations), found.pairs


def saved(
    workspace: Workspace, found: Filled, simulation: Simulation, name: str, at: datetime
) -> str:
    """Keep this run; and its scenario under `name`, where sliders bent it or it is new.

    Says how that went, in Markdown.
    """
    from tenet import home as homes
    from tenet.plans import runs, store
    from tenet.plans.balances import filled, returns_for

    scenario = simulation.scenario
    try:
        with homes.writing(workspace.home, at):
            if found.stored is None or scenario != found.scenario:
                stored = store.create(workspace.home, _document(scenario, name), at=at)
                found = filled(workspace, stored.name)
            run = runs.save(workspace.home, found, simulation, returns_for(scenario), at=at)
    except TenetError as error:
        return f"**{error}**  \n{error.hint or ''}"
    return f"**Saved** as run {run.run_id} of {run.scenario_name}. It stays as it is."


def _document(scenario: Scenario, name: str) -> dict[str, Any]:
    """The scenario as a document in which tenet accounts keep their own balances."""
    document: dict[str, Any] = scenario.model_dump(mode="json", exclude_none=True)
    for account in document["accounts"]:
        if account.get("account_id"):
            account.pop("balance", None)
    return document | {"name": name}
