"""Scenarios, their life events and goals in the lake: nothing overwritten, the newest row counts.

A scenario is one row without its events and goals; each of those is a row of its own, found by its
name. A delete is a row that says so. The id of a scenario is made of its first name and stays.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.database import rows
from tenet.errors import (
    InputOutOfRange,
    NotFound,
    ScenarioChanged,
    ScenarioExists,
    ScenarioInvalid,
    ScenarioReadOnly,
)
from tenet.plans.documents import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import Literal

    from tenet.plans.documents import Document

    Row = dict[str, Any]

PARTS = {"events": "life_events", "goals": "goals"}
"""Lists of a scenario that have rows of their own, and their datasets."""
LISTS = ("people", "milestones", "accounts", "streams", "events", "goals")

_NEWEST = """
from raw_{dataset}
where $as_of is null or edited_at <= $as_of
qualify row_number() over (partition by {keys} order by edited_at desc, landing_id desc) = 1
"""


@dataclass(frozen=True)
class Stored:
    """One scenario as it is (or was) kept. Of a grid, `document` is empty."""

    scenario_id: str
    name: str
    kind: Literal["user", "cartesian"]
    edited_at: datetime
    document: Document = field(repr=False)
    parent_id: str | None = None
    axes: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """A hash of all that it says."""
        document = sorted(self.document.items())
        return digest([self.name, self.kind, self.parent_id, self.axes, document])


def scenarios(home: Path, *, as_of: datetime | None = None) -> list[Stored]:
    """Every scenario that is not deleted, by name; as it was at a time."""
    return sorted(_State(home, as_of).stored(), key=lambda one: one.name.casefold())


def find(home: Path, wanted: str, *, as_of: datetime | None = None) -> Stored:
    """The scenario of that name or id. Raises NotFound."""
    return _find(scenarios(home, as_of=as_of), wanted)


def id_of(name: str) -> str:
    """The id of the first scenario of a name; further ones have a number behind it."""
    return re.sub(r"\W+", "-", name.casefold()).strip("-") or "scenario"


def history(home: Path, scenario_id: str) -> list[Row]:
    """Every row that was ever landed of a scenario, oldest first.

    edited_at, part (scenario, event or goal), name, is_deleted, document (None for a grid).
    """
    query = " union all ".join(
        f"select edited_at, landing_id, {label!r} as part, name, is_deleted, document "
        f"from raw_{dataset} where scenario_id = $id"
        for label, dataset in (
            ("scenario", "scenarios"),
            ("event", "life_events"),
            ("goal", "goals"),
        )
    )
    with lake.reading(home, "scenarios", *PARTS.values()) as connection:
        found = rows(
            connection,
            f"from ({query}) order by edited_at, landing_id, part, name",
            {"id": scenario_id},
        )
    for row in found:
        row["document"] = json.loads(row["document"]) if row["document"] else None
        del row["landing_id"]
    return found


def create(home: Path, document: Document, *, at: datetime) -> Stored:
    """Land a new user scenario. Lock holder only. Raises ScenarioInvalid, ScenarioExists."""
    state, cleaned = _State(home), _checked(home, document)
    scenario_id = _free_id(state, cleaned["name"])
    return state.land(Stored(scenario_id, cleaned["name"], "user", at, cleaned))


def create_grid(home: Path, name: str, parent: str, axes: Any, *, at: datetime) -> Stored:
    """Land a grid: a parent and what is varied of it. Lock holder only.

    axes: JSON pointer into the parent's document, in which list entries may be called by name, to
    its values. Raises NotFound, ScenarioReadOnly (a grid of a grid), ScenarioExists, and what
    grids.cells raises for axes that lead nowhere or to more than 2,000 scenarios.
    """
    from tenet.plans.grids import cells

    state = _State(home)
    of = _editable(_find(state.stored(), parent))
    if not isinstance(axes, dict) or not all(isinstance(one, list) for one in axes.values()):
        raise InputOutOfRange("axes", repr(axes), "JSON pointers, each with a list of values")
    cells(of, axes)
    if not name.strip() or name != name.strip():
        raise ScenarioInvalid([f"name: given {name!r}; allowed is a name without spaces around it"])
    stored = Stored(_free_id(state, name), name, "cartesian", at, {}, of.scenario_id, axes)
    return state.land(stored)


def replace(
    home: Path, wanted: str, document: Document, *, made_on: str | None, at: datetime
) -> Stored:
    """Land another document of a scenario, events and goals included. Lock holder only.

    made_on: the version that the edit was made on; None: what is stored now, where the caller has
    read it under the same lock. Only what differs is landed.
    Raises NotFound, ScenarioChanged, ScenarioReadOnly, ScenarioInvalid, ScenarioExists.
    """
    state = _State(home)
    before = _editable(_find(state.stored(), wanted))
    _require_version(before, made_on)
    cleaned = _checked(home, document)
    name = cleaned["name"]
    others = (one.name for one in state.stored() if one.scenario_id != before.scenario_id)
    if name.casefold() in (other.casefold() for other in others):
        raise ScenarioExists(name)
    return state.land(Stored(before.scenario_id, name, "user", at, cleaned))


def set_part(
    home: Path,
    wanted: str,
    kind: Literal["events", "goals"],
    name: str,
    part: Document | None,
    *,
    made_on: str | None,
    at: datetime,
) -> Stored:
    """Land one life event or goal: added, or in place of the one of that name; None deletes it.

    Lock holder only. Raises as `replace` does, and NotFound for a delete of what is not there.
    """
    before = find(home, wanted)
    listed: list[Document] = list(before.document.get(kind, ()))
    names = [one["name"] for one in listed]
    if part is None:
        if name not in names:
            raise NotFound(kind.removesuffix("s"), name, names)
        listed = [one for one in listed if one["name"] != name]
    elif name in names:
        listed[names.index(name)] = part
    else:
        listed.append(part)
    return replace(home, wanted, before.document | {kind: listed}, made_on=made_on, at=at)


def delete(home: Path, wanted: str, *, made_on: str | None, at: datetime) -> Stored:
    """Land that a scenario is no more; its history stays. Lock holder only.

    Raises NotFound, ScenarioChanged, ScenarioReadOnly when a grid is made of it.
    """
    state = _State(home)
    before = _find(state.stored(), wanted)
    _require_version(before, made_on)
    for one in state.stored():
        if one.parent_id == before.scenario_id:
            raise ScenarioReadOnly(
                before.name,
                f"the grid {one.name!r} is made of it",
                hint=f"`tenet scenario delete {one.name!r}` first",
            )
    return state.land(before, is_deleted=True, at=at)


class _State:
    """The newest rows of every scenario, deleted ones too; lands what differs from them."""

    def __init__(self, home: Path, as_of: datetime | None = None) -> None:
        self._home = home
        with lake.reading(home, "scenarios", *PARTS.values()) as connection:
            query = _NEWEST.format(dataset="scenarios", keys="scenario_id")
            of = {"as_of": as_of}
            self.rows = {row["scenario_id"]: row for row in rows(connection, query, of)}
            self._parts: dict[str, dict[tuple[str, str], Row]] = {}
            for kind, dataset in PARTS.items():
                query = _NEWEST.format(dataset=dataset, keys="scenario_id, name")
                found = rows(connection, query, of)
                self._parts[kind] = {(row["scenario_id"], row["name"]): row for row in found}

    def stored(self) -> list[Stored]:
        return [self._stored(row) for row in self.rows.values() if not row["is_deleted"]]

    def land(
        self, stored: Stored, *, is_deleted: bool = False, at: datetime | None = None
    ) -> Stored:
        """Land the rows that differ, one landing; later than every row of it there is."""
        from tenet.frames import frame

        scenario_id, at = stored.scenario_id, at or stored.edited_at
        last = [row["edited_at"] for row in self._all_rows(scenario_id)]
        at = max([at, *(one + timedelta(microseconds=1) for one in last)])
        core = {key: of for key, of in stored.document.items() if key not in PARTS}
        row = {
            "scenario_id": scenario_id,
            "name": stored.name,
            "kind": stored.kind,
            "parent_id": stored.parent_id,
            "axes": json.dumps(stored.axes, default=str) if stored.axes else None,
            "document": canonical(core) if core else None,
            "is_deleted": is_deleted,
        }
        tables = {"scenarios": [row] if _differs(row, self.rows.get(scenario_id)) else []}
        if not is_deleted:
            for kind, dataset in PARTS.items():
                tables[dataset] = self._part_rows(kind, stored)
        landed = {
            dataset: frame(dataset, [row | {"edited_at": at} for row in found])
            for dataset, found in tables.items()
            if found
        }
        if landed:
            lake.land(self._home, "plan", landed, at=at)
        return Stored(
            **{name: getattr(stored, name) for name in ("scenario_id", "name", "kind", "document")},
            edited_at=at if landed else max(last),
            parent_id=stored.parent_id,
            axes=stored.axes,
        )

    def _part_rows(self, kind: str, stored: Stored) -> list[Row]:
        known, wanted, place = self._parts[kind], {}, 0
        for one in stored.document.get(kind, ()):
            before = known.get((stored.scenario_id, one["name"]))
            # One that still stands behind the one before it keeps its place, and needs no new row.
            place = max(place + 1, before["place"] if before else 0)
            wanted[one["name"]] = {
                "scenario_id": stored.scenario_id,
                "name": one["name"],
                "place": place,
                "document": canonical(one),
                "is_deleted": False,
            }
        for (scenario_id, name), row in known.items():
            if scenario_id == stored.scenario_id and name not in wanted and not row["is_deleted"]:
                wanted[name] = {key: row[key] for key in ("scenario_id", "name", "place")} | {
                    "document": row["document"],
                    "is_deleted": True,
                }
        of = stored.scenario_id
        return [row for name, row in wanted.items() if _differs(row, known.get((of, name)))]

    def _stored(self, row: Row) -> Stored:
        document = _json(row["document"], row["name"]) if row["document"] else {}
        times = [row["edited_at"]]
        for kind, known in self._parts.items():
            own = [one for (of, _), one in known.items() if of == row["scenario_id"]]
            times += [one["edited_at"] for one in own]
            live = sorted(
                (one for one in own if not one["is_deleted"]), key=lambda one: one["place"]
            )
            if live:
                document[kind] = [_json(one["document"], row["name"]) for one in live]
        return Stored(
            row["scenario_id"],
            row["name"],
            row["kind"],
            max(times),
            document,
            row["parent_id"],
            _json(row["axes"], row["name"]) if row["axes"] else {},
        )

    def _all_rows(self, scenario_id: str) -> list[Row]:
        parts = [
            row
            for known in self._parts.values()
            for (of, _), row in known.items()
            if of == scenario_id
        ]
        return parts + ([self.rows[scenario_id]] if scenario_id in self.rows else [])


def _find(found: list[Stored], wanted: str) -> Stored:
    named = [one for one in found if wanted == one.scenario_id] or [
        one for one in found if wanted.casefold() == one.name.casefold()
    ]
    if len(named) != 1:
        raise NotFound("scenario", wanted, [one.name for one in found])
    return named[0]


def _editable(stored: Stored) -> Stored:
    if stored.kind == "cartesian":
        raise ScenarioReadOnly(
            stored.name,
            "it is a grid, which is only read",
            hint="`tenet scenario fork` makes a scenario of one of its cells that can be edited",
        )
    return stored


def _require_version(before: Stored, made_on: str | None) -> None:
    if made_on is not None and made_on != before.version:
        raise ScenarioChanged(before.name, made_on, before.version)


def _checked(home: Path, document: Document) -> Document:
    """The document as it is stored: what was given, checked as a whole, dates as text."""
    from tenet.edits import accounts
    from tenet.planning.scenario import parse

    scenario = parse(document)
    wanted = {
        f"accounts[{number}].account_id": one.account_id
        for number, one in enumerate(scenario.accounts)
        if one.account_id is not None
    }
    if wanted:
        known = [row["account_id"] for row in accounts(home)]
        allowed = f"one of {', '.join(known)}" if known else "none: no account is landed"
        if problems := [
            f"{place}: given {of!r}; allowed is {allowed}"
            for place, of in wanted.items()
            if of not in known
        ]:
            raise ScenarioInvalid(problems)
    dumped: Document = scenario.model_dump(mode="json", exclude_unset=True)
    return {key: of for key, of in dumped.items() if of != [] or key not in LISTS}


def _free_id(state: _State, name: str) -> str:
    """An id made of the name; that of a deleted scenario of this name is taken up again."""
    live = state.stored()
    if name.casefold() in (one.name.casefold() for one in live):
        raise ScenarioExists(name)
    head = id_of(name)
    taken, number, scenario_id = {one.scenario_id for one in live}, 1, head
    while scenario_id in taken:
        number += 1
        scenario_id = f"{head}-{number}"
    return scenario_id


def _differs(row: Row, before: Row | None) -> bool:
    return before is None or any(before[name] != value for name, value in row.items())


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ScenarioInvalid([f"scenario {name}: {error}"]) from error
