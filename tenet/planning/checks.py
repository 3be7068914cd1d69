"""What must hold between the fields of a scenario. Each problem names field, given and allowed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from tenet.planning.calendar import BUILT_IN, Unresolved
from tenet.planning.household import LIQUID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tenet.planning.calendar import Calendar
    from tenet.planning.scenario import Scenario
    from tenet.planning.when import When


def problems(scenario: Scenario) -> list[str]:
    """Everything that is wrong; empty for a sound scenario."""
    found = [*_names(scenario), *_accounts(scenario), *_assets(scenario)]
    calendar = scenario.calendar
    unresolved = list(_times(scenario, calendar))
    if unresolved:
        return found + unresolved
    return found + list(_order(scenario, calendar))


def warnings(scenario: Scenario) -> list[str]:
    """What is allowed and yet worth a second look."""
    from tenet.planning.draws import expected_returns_real

    found = [
        f"market: {asset} is expected to earn {rate:.1%} a year above inflation, more than 8%"
        for asset, rate in expected_returns_real(scenario).items()
        if rate > 0.08
    ]
    if scenario.paths < 1_000 and scenario.market.kind not in ("fixed", "history"):
        found.append(f"paths: {scenario.paths} are few for a probability; 1,000 or more are better")
    return found


def _names(scenario: Scenario) -> Iterator[str]:
    for field in ("people", "milestones", "accounts", "streams", "events", "goals"):
        counts = Counter(one.name for one in getattr(scenario, field))
        for name, count in counts.items():
            if count > 1:
                yield f"{field}: given the name {name!r} {count} times; allowed is once"
    for number, milestone in enumerate(scenario.milestones):
        if milestone.name in BUILT_IN:
            yield (
                f"milestones[{number}].name: given {milestone.name!r}; "
                f"allowed is another than {', '.join(BUILT_IN)}"
            )


def _accounts(scenario: Scenario) -> Iterator[str]:
    liquid = [one.name for one in scenario.accounts if one.kind in LIQUID]
    if not liquid:
        yield f"accounts: given none to spend from; allowed is one of kind {', '.join(LIQUID)}"
    wanted: list[tuple[str, str | None]] = [("surplus_account", scenario.surplus_account)]
    wanted += [(f"streams[{n}].account", one.account) for n, one in enumerate(scenario.streams)]
    for place, name in wanted:
        if name is not None and name not in liquid:
            yield f"{place}: given {name!r}; allowed is one of {', '.join(liquid)}"


def _assets(scenario: Scenario) -> Iterator[str]:
    assets = scenario.market.assets
    for number, point in enumerate(scenario.allocation):
        yield from _among(f"allocation[{number}].weights", point.weights, assets)
    if scenario.withdrawal.kind == "vpw":
        yield from _among("withdrawal.equity", scenario.withdrawal.equity, assets)


def _among(place: str, given: Iterable[str], assets: tuple[str, ...]) -> Iterator[str]:
    for asset in given:
        if asset not in assets:
            yield f"{place}: given {asset!r}; allowed are the market's {', '.join(assets)}"


def _times(scenario: Scenario, calendar: Calendar) -> Iterator[str]:
    for place, when, seen in _all_times(scenario):
        try:
            calendar.month(when, seen)
        except Unresolved as error:
            yield f"{place}.{error}"
    if scenario.withdrawal.kind == "vpw" and scenario.withdrawal.person is not None:
        try:
            calendar.person(scenario.withdrawal.person)
        except Unresolved as error:
            yield f"withdrawal.{error}"


def _all_times(scenario: Scenario) -> Iterator[tuple[str, When, tuple[str, ...]]]:
    for field in ("retirement", "end"):
        if (when := getattr(scenario, field)) is not None:
            yield field, when, (field,)
    for number, milestone in enumerate(scenario.milestones):
        yield f"milestones[{number}].at", milestone.at, (milestone.name,)
    fields = {
        "streams": ("start", "end"),
        "events": ("at",),
        "goals": ("by",),
        "allocation": ("at",),
    }
    for field, parts in fields.items():
        for number, one in enumerate(getattr(scenario, field)):
            for part in parts:
                if (when := getattr(one, part)) is not None:
                    yield f"{field}[{number}].{part}", when, ()


def _order(scenario: Scenario, calendar: Calendar) -> Iterator[str]:
    end, months = calendar.end, calendar.years * 12
    if not 12 <= end <= 1200:
        yield (
            f"end: given {end} months after the start ({calendar.date(end)}); "
            "allowed is 1 to 100 years"
        )
        return
    if scenario.retirement is not None and not 0 <= calendar.retirement < months:
        yield (
            f"retirement: given {calendar.date(calendar.retirement)}; "
            f"allowed is from {calendar.date(0)} to before the end, {calendar.date(months)}"
        )
    for number, person in enumerate(scenario.people):
        if (person.born.year, person.born.month) > (scenario.start.year, scenario.start.month):
            yield (
                f"people[{number}].born: given {person.born}; "
                f"allowed is at most the plan's start, {scenario.start} (an age is not negative)"
            )
    for number, stream in enumerate(scenario.streams):
        first = calendar.month(stream.start) if stream.start else 0
        last = calendar.month(stream.end) if stream.end else max(months, first)
        if last < first:
            yield (
                f"streams[{number}].end: given {calendar.date(last)}; "
                f"allowed is at or after its start, {calendar.date(first)}"
            )
    dated = [(f"events[{n}].at", calendar.month(one.at)) for n, one in enumerate(scenario.events)]
    dated += [
        (f"goals[{n}].by", calendar.month(one.by)) for n, one in enumerate(scenario.goals) if one.by
    ]
    for place, month in dated:
        last = months if place.startswith("goals") else months - 1
        if not 0 <= month <= last:
            yield (
                f"{place}: given {calendar.date(month)}; "
                f"allowed is from {calendar.date(0)} to {calendar.date(last)}"
            )
    yield from _glide(scenario, calendar)


def _glide(scenario: Scenario, calendar: Calendar) -> Iterator[str]:
    months = [calendar.month(one.at) if one.at else 0 for one in scenario.allocation]
    for number, (before, after) in enumerate(pairwise(months), start=1):
        if after <= before:
            yield (
                f"allocation[{number}].at: given {calendar.date(after)}; "
                f"allowed is after the point before it, {calendar.date(before)}"
            )
