"""Streams, events, purchases and debts as flows per step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenet.planning.plan import Flows

if TYPE_CHECKING:
    from tenet.planning.calendar import Calendar
    from tenet.planning.flows import Event, Stream
    from tenet.planning.plan import Buckets, Floats
    from tenet.planning.scenario import Scenario

_ROWS = ("essential", "discretionary", "income", "income_tax", "windfall", "outlay")


def flow_table(
    scenario: Scenario, calendar: Calendar, places: dict[str, int], buckets: Buckets, per_year: int
) -> tuple[Flows, Flows | None, Floats]:
    """Real flows, nominal flows (None without any), and what is owed at each step, nominal.

    places: the bucket of each liquid account by its name.
    """
    months = calendar.years * 12
    tables = {
        basis: np.zeros((len(_ROWS) + len(buckets.names), months)) for basis in ("real", "nominal")
    }
    for stream in scenario.streams:
        if stream.enabled:
            place = places[stream.account] if stream.account else buckets.surplus
            _add_stream(tables[stream.basis], calendar, stream, place)
    for event in scenario.events:
        if event.enabled:
            _add_event(tables[event.basis], calendar, event)
    for goal in scenario.goals:
        if goal.kind == "purchase" and goal.by is not None:
            month = min(calendar.month(goal.by), months - 1)
            tables["real"][_ROWS.index("outlay"), month] += goal.amount or 0
    paid, debt = _debts(scenario, months)
    tables["nominal"][_ROWS.index("essential")] += paid
    real, nominal = (_flows(table, per_year) for table in tables.values())
    return real, nominal if tables["nominal"].any() else None, debt[:: 12 // per_year]


def _flows(table: Floats, per_year: int) -> Flows:
    if per_year == 1:
        table = table.reshape(len(table), -1, 12).sum(axis=2)
    named = dict(zip(_ROWS, table, strict=False))
    return Flows(**named, contribution=table[len(_ROWS) :])


def _span(first: int, last: int, months: int) -> slice:
    return slice(min(max(first, 0), months), min(max(last, first, 0), months))


def _growing(amount: float, growth: float, length: int) -> Floats:
    return np.asarray(amount / 12 * (1 + growth) ** (np.arange(length) // 12), dtype=np.float64)


def _add_stream(table: Floats, calendar: Calendar, stream: Stream, place: int) -> None:
    months = table.shape[1]
    first = calendar.month(stream.start) if stream.start else 0
    span = _span(first, calendar.month(stream.end) if stream.end else months, months)
    paid = _growing(stream.amount, stream.growth, span.stop - span.start)
    if stream.kind == "income":
        table[_ROWS.index("income"), span] += paid * (1 - stream.tax)
        table[_ROWS.index("income_tax"), span] += paid * stream.tax
    elif stream.kind == "spending":
        table[_ROWS.index(stream.need), span] += paid
    else:
        table[len(_ROWS) + place, span] += paid


def _add_event(table: Floats, calendar: Calendar, event: Event) -> None:
    months, first = table.shape[1], calendar.month(event.at)
    outward = "outlay" if event.need == "not_spending" else event.need
    for amount, span in (
        (np.array([abs(event.one_off)]), _span(first, first + 1, months)),
        (None, _span(first, first + 12 * event.years, months)),
    ):
        length = span.stop - span.start
        paid = _growing(abs(event.yearly), event.growth, length) if amount is None else amount
        sign = event.yearly if amount is None else event.one_off
        table[_ROWS.index("windfall" if sign > 0 else outward), span] += paid[:length]


def _debts(scenario: Scenario, months: int) -> tuple[Floats, Floats]:
    """Payments of each month and what is owed at the start of each, and at the end; nominal."""
    paid, owed = np.zeros(months), np.zeros(months + 1)
    for debt in scenario.accounts:
        if debt.kind != "debt":
            continue
        left, factor = float(debt.balance or 0), (1 + debt.interest) ** (1 / 12)
        for month in range(months):
            owed[month] += left
            payment = min(debt.payment / 12, left)
            paid[month] += payment
            left = (left - payment) * factor
        owed[months] += left
    return paid, owed
