"""The points in time of a scenario, resolved to months after its start."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tenet.planning.when import month_date, month_number

if TYPE_CHECKING:
    import datetime as dt

    from tenet.planning.household import Person
    from tenet.planning.scenario import Scenario
    from tenet.planning.when import When

BUILT_IN = ("start", "retirement", "end")


class Unresolved(ValueError):
    """A point in time refers to what is not there, or to itself."""


class Calendar:
    """Months after the start of a scenario. Raises Unresolved for what cannot be resolved."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._named = {one.name: one.at for one in scenario.milestones}

    def month(self, when: When, seen: tuple[str, ...] = ()) -> int:
        """The month of a point in time; 0 is the first of the plan, negative is before it."""
        if when.date is not None:
            base = month_number(when.date) - self.first
        elif when.age is not None:
            born = month_number(self.person(when.person).born)
            base = born + round(when.age * 12) - self.first
        else:
            base = self._milestone(when.milestone or "", seen)
        return base + when.offset_months

    def person(self, name: str | None) -> Person:
        """The person of that name; the only one without a name."""
        people = self._scenario.people
        known = ", ".join(one.name for one in people)
        if name is None:
            if len(people) > 1:
                raise Unresolved(f"person: given nothing; allowed is one of {known}")
            return people[0]
        for one in people:
            if one.name == name:
                return one
        raise Unresolved(f"person: given {name!r}; allowed is one of {known}")

    def date(self, month: int) -> dt.date:
        """The first day of a month of the plan."""
        return month_date(self.first + month)

    @cached_property
    def first(self) -> int:
        """The number of the plan's first month."""
        return month_number(self._scenario.start)

    @cached_property
    def end(self) -> int:
        """The month after the plan as intended, before it is moved to a whole year."""
        if self._scenario.end is not None:
            return self.month(self._scenario.end, ("end",))
        ends = (month_number(one.born) + round(one.end_age * 12) for one in self._scenario.people)
        return max(ends) - self.first

    @property
    def years(self) -> int:
        """Whole years of the plan."""
        return -(-self.end // 12)

    @property
    def retirement(self) -> int:
        """The month of retirement; the month after the plan when there is none."""
        if self._scenario.retirement is None:
            return self.years * 12
        return self.month(self._scenario.retirement, ("retirement",))

    def _milestone(self, name: str, seen: tuple[str, ...]) -> int:
        if name in seen:
            raise Unresolved(f"milestone: {' > '.join((*seen, name))} goes in a circle")
        inner = (*seen, name)
        if name == "start":
            return 0
        if name in self._named:
            return self.month(self._named[name], inner)
        if name == "end":
            return self.end if self._scenario.end is None else self.month(self._scenario.end, inner)
        if name == "retirement" and self._scenario.retirement is not None:
            return self.month(self._scenario.retirement, inner)
        known = ", ".join([*BUILT_IN, *self._named])
        why = " (and retirement is not set)" if name == "retirement" else ""
        raise Unresolved(f"milestone: given {name!r}{why}; allowed is one of {known}")
