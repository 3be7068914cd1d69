"""Points in time of a scenario, as people write them on a command line."""

from __future__ import annotations

import re
from typing import Any

import click

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_AGE = re.compile(r"age:(\d+(?:\.\d+)?)(?::(.+))?")
_MILESTONE = re.compile(r"(.*?\S)\s*([+-]\d+)?")


class When(click.ParamType[dict[str, Any]]):
    """`2033-05-01`, `age:60`, `age:60:Robin`, or a milestone and months: `retirement+12`."""

    name = "when"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """The document of a tenet.planning.when.When."""
        if isinstance(value, dict):
            return value
        text = str(value).strip()
        if _DATE.fullmatch(text):
            return {"date": text}
        if found := _AGE.fullmatch(text):
            return {"age": float(found[1])} | ({"person": found[2]} if found[2] else {})
        if not (found := _MILESTONE.fullmatch(text)):
            self.fail("give a date, age:60 or a milestone such as retirement+12", param, ctx)
        return {"milestone": found[1]} | ({"offset_months": int(found[2])} if found[2] else {})


WHEN = When()
