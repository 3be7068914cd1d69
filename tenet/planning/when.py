"""Points in time: a date, somebody's age or a milestone, so that one change moves all that follow.

Time is counted in whole months after the start of a scenario; the day of a date is not looked at.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class Part(BaseModel):
    """A part of a scenario: frozen, no unknown fields, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _named(text: str) -> str:
    if not text.strip() or text != text.strip():
        raise ValueError(f"given {text!r}; allowed is a name without spaces around it")
    return text


Name = Annotated[str, AfterValidator(_named)]
Age = Annotated[float, Field(ge=0, le=130)]


class When(Part):
    """A month: exactly one of date, age or milestone, and months to add to it."""

    date: dt.date | None = Field(
        default=None, description="calendar date; its month counts, not its day"
    )
    age: Age | None = Field(default=None, description="age in years, of `person`")
    person: Name | None = Field(
        default=None,
        description="whose age: a person's name; needed where there are several people",
    )
    milestone: Name | None = Field(
        default=None, description="a milestone's name, or one of start, retirement, end"
    )
    offset_months: int = Field(
        default=0, ge=-1200, le=1200, description="months added to it; negative: before it"
    )

    @model_validator(mode="after")
    def _one_of_three(self) -> When:
        given = [name for name in ("date", "age", "milestone") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"given {' and '.join(given) or 'nothing'}; "
                "allowed is exactly one of date, age, milestone"
            )
        if self.person is not None and self.age is None:
            raise ValueError(f"person: given {self.person!r} without an age; allowed with an age")
        return self


class Milestone(Part):
    """A named point in time that streams, events and goals may refer to."""

    name: Name = Field(description="what others refer to it by")
    at: When = Field(description="when it is; may itself refer to another milestone")


def month_number(day: dt.date) -> int:
    """Months since year 0; the difference of two is the months between them."""
    return day.year * 12 + day.month - 1


def month_date(number: int) -> dt.date:
    """The first day of the month of that number; of the nearest that a calendar has."""
    number = min(max(number, 12), 9999 * 12 + 11)
    return dt.date(number // 12, number % 12 + 1, 1)
