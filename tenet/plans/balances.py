"""What the accounts of a scenario hold: those that name a tenet account, by the published build."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet.errors import InputOutOfRange, NotFound, ScenarioInvalid
from tenet.plans import grids, store
from tenet.resources import folder

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import polars as pl

    from tenet.planning.scenario import Scenario
    from tenet.plans.documents import Document
    from tenet.plans.store import Stored
    from tenet.workspace import Workspace

_VALUES = """
select account_id, market_value_base, assets_base, liabilities_base
from account_values_daily
where valuation_date = $day
order by account_id
"""
_BUILD = """
select
    revision,
    base_currency,
    (
        select max(valuation_date)
        from account_values_daily
        where $day is null or valuation_date <= $day
    ) as day,
from build_info
"""


@dataclass(frozen=True)
class Filled:
    """A scenario ready to be computed, and where its balances come from.

    revision, day: of the build; None where every balance is typed. left_out: the accounts that have
    a value on that day and are not in the scenario. notes: what could not be taken as it is.
    """

    scenario: Scenario
    stored: Stored | None
    revision: str | None
    day: date | None
    left_out: tuple[str, ...]
    notes: tuple[str, ...] = ()


def filled(workspace: Workspace, wanted: str, *, on: date | None = None) -> Filled:
    """The scenario of that name or id, or a cell `<grid>/<id>`, with its balances.

    on: those of the end of that day; default: the build's last.

    Raises NotFound, ScenarioInvalid (also for a tenet account that is gone, or another currency
    than the build's), NoBuild when balances are to come from a build.
    """
    stored, document = document_of(workspace.home, wanted)
    return with_build(workspace, document, stored, on=on)


def with_build(
    workspace: Workspace,
    document: Document,
    stored: Stored | None = None,
    *,
    on: date | None = None,
) -> Filled:
    """The scenario of a document with its balances. Raises as `filled` does.

    An account holds what its tenet account is worth at the end of the day; a debt, what it owes.
    Where a debt and another account name the same tenet account (a house with its mortgage), the
    debt is what is owed there and the other what is owned. An overdrawn account, or a debt with
    money in it, counts 0 and is noted.
    """
    from tenet.planning.scenario import changed, parse

    scenario = parse(document)
    places = {
        number: one.account_id
        for number, one in enumerate(scenario.accounts)
        if one.balance is None and one.account_id is not None
    }
    if not places:
        return Filled(scenario, stored, None, None, ())
    with workspace.connection() as connection:
        from tenet.database import rows

        (build,) = rows(connection, _BUILD, {"day": on})
        found = rows(connection, _VALUES, {"day": build["day"]})
        values = {row["account_id"]: row for row in found}
    if scenario.currency != (base := build["base_currency"]):
        raise ScenarioInvalid(
            [f"currency: given {scenario.currency!r}; allowed is {base!r}, that of the balances"]
        )
    balances, notes = _balances(scenario, places, values)
    if (day := build["day"]) and abs((scenario.start - day).days) > 45:
        notes.append(
            f"start: the plan starts in {scenario.start:%Y-%m}, and its balances are of {day}"
        )
    accounts = [
        one.model_dump(exclude_unset=True) | ({"balance": balances[n]} if n in balances else {})
        for n, one in enumerate(scenario.accounts)
    ]
    return Filled(
        changed(scenario, accounts=accounts),
        stored,
        build["revision"],
        build["day"],
        tuple(sorted(values.keys() - set(places.values()))),
        tuple(notes),
    )


def returns_for(scenario: Scenario, path: Path | None = None) -> pl.DataFrame | None:
    """The table of past returns that a scenario's market needs; None where it needs none.

    path: the user's own CSV file; default: the shipped one, of calendar years.
    Raises ReturnsRefused.
    """
    if scenario.market.kind not in ("history", "bootstrap"):
        return None
    import polars as pl

    from tenet.errors import ReturnsRefused

    place = path or folder("data") / "annual_returns.csv"
    try:
        return pl.read_csv(place, infer_schema_length=None)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ReturnsRefused(f"{place}: {error}", hint="give a CSV file with --returns") from error


def document_of(home: Path, wanted: str) -> tuple[Stored, Document]:
    """The document of a scenario or of a cell `<grid>/<id>`, and what is stored of it.

    Raises NotFound, InputOutOfRange for a whole grid.
    """
    known = store.scenarios(home)
    try:
        stored = store.find(home, wanted)
    except NotFound:
        name, slash, cell_id = wanted.rpartition("/")
        named = [one for one in known if name.casefold() in (one.scenario_id, one.name.casefold())]
        if not slash or not named or named[0].kind != "cartesian":
            raise
        grid = named[0]
        return grid, grids.cell(parent_of(known, grid), grid, cell_id)
    if stored.kind == "cartesian":
        raise InputOutOfRange("scenario", repr(wanted), "one that is no grid, or a cell GRID/ID")
    return stored, stored.document


def parent_of(known: list[Stored], grid: Stored) -> Stored:
    """The scenario that a grid is made of. Raises NotFound."""
    for one in known:
        if one.scenario_id == grid.parent_id:
            return one
    raise NotFound("scenario", str(grid.parent_id), [one.name for one in known])


def _balances(
    scenario: Scenario, places: dict[int, str], values: dict[str, dict[str, Any]]
) -> tuple[dict[int, float], list[str]]:
    found: dict[int, float] = {}
    problems, notes = [], []
    uses: dict[str, list[str]] = {}
    for number, account_id in places.items():
        uses.setdefault(account_id, []).append(scenario.accounts[number].kind)
    for number, account_id in places.items():
        place, is_debt = f"accounts[{number}]", scenario.accounts[number].kind == "debt"
        if account_id not in values:
            known = ", ".join(values) or "none"
            problems.append(f"{place}.account_id: given {account_id!r}; allowed is one of {known}")
            continue
        row, kinds = values[account_id], uses[account_id]
        if len(kinds) > 1 and sorted(kind == "debt" for kind in kinds) != [False, True]:
            problems.append(
                f"{place}.account_id: given {account_id!r} {len(kinds)} times; "
                "allowed is once, or twice for what is owned and the debt on it"
            )
            continue
        if len(kinds) == 2:
            worth: Decimal = row["liabilities_base" if is_debt else "assets_base"]
        else:
            worth = -row["market_value_base"] if is_debt else row["market_value_base"]
        if worth < 0:
            notes.append(
                f"{place}: {account_id} is worth {row['market_value_base']:,.2f}, as no "
                f"{scenario.accounts[number].kind} account can be in a plan; it counts 0"
            )
        found[number] = float(max(worth, Decimal(0)))
    if problems:
        raise ScenarioInvalid(problems)
    return found, notes
