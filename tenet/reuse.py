"""The days that a build keeps of the published one, because nothing new can reach them.

A published table of which each row stays within its day (`-- apart: valuation_date`) is kept up to
the first day on which something that it reads is not as it was; from there on the same query makes
it anew. What was read is known by a hash of each day, in the table `build_days`; rows of a table
without days may matter to every day, unless its header says `-- since:`.
"""

from __future__ import annotations

from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING

from tenet import runner
from tenet.database import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenet.database import Connection
    from tenet.models import Model

DAY = "valuation_date"
EVERY_DAY = date.min
_KEPT = ("build_days", "build_checks")
_NOTES = ("days_before", "build_days")
_COMMENTS = {
    "table_name": "a table that values of the day are made of",
    "valuation_date": "the day; 0001-01-01: its rows may matter to every day",
    "content_hash": "a hash of its rows of the day, whatever their order",
}


class Days:
    """Which days are made, table by table, of a build with `found` models.

    last_day: of the published build that the current database is a copy of; its prices may have
    been provisional, so that it is always made anew. None keeps nothing.
    """

    def __init__(
        self, connection: Connection, found: Iterable[Model], last_day: date | None
    ) -> None:
        self._connection = connection
        self._last_day = last_day
        models = {model.name: model for model in found}
        self._by_day = frozenset(
            name for name, model in models.items() if model.is_published and DAY in model.apart
        )
        read = {name for kept in self._by_day for name in models[kept].reads}
        self._watched = read & (models.keys() - self._by_day)
        self.made: dict[str, date] = {}
        """The first day that was made, of each table by day and of what it reads."""
        self._open()

    def run(self, model: Model) -> float:
        """Make a model's table as `runner.run` does, but keep the days that can be kept."""
        started = perf_counter()
        if model.name in self._by_day:
            self._make_days(model)
        else:
            runner.run(self._connection, model)
        if model.name in self._watched:
            self.made[model.name] = self._first_change(model)
        return perf_counter() - started

    def kept_until(self) -> dict[str, date]:
        """The first day made, of each table of which earlier days were kept."""
        return {
            name: first
            for name, first in self.made.items()
            if name in self._by_day and first > EVERY_DAY
        }

    def _open(self) -> None:
        execute = self._connection.execute
        if self._last_day:
            tables = execute(
                "select table_name from duckdb_tables() where database_name = 'building'"
            )
            for (name,) in tables.fetchall():
                if name not in _KEPT and name not in self._by_day:
                    execute(f"drop table {identifier(name)}")
            execute("create temp table days_before as from build_days")
            execute("drop table build_days")
            execute("checkpoint building")  # the space is used again
        columns = "table_name varchar, valuation_date date, content_hash ubigint"
        execute(f"create table build_days ({columns})")
        execute("comment on table build_days is 'What the values of each day were made of.'")
        for column, text in _COMMENTS.items():
            execute(f"comment on column build_days.{column} is {literal(text)}")

    def _make_days(self, model: Model) -> None:
        first = EVERY_DAY
        if self._last_day:
            changes = [self.made[name] for name in model.reads if name in self.made]
            first = min(self._last_day, *changes)
        if first == EVERY_DAY:
            self._connection.execute(f"drop table if exists {model.name}")
            runner.run(self._connection, model)
        else:
            dated = [name for name in model.reads if self._has_days(name)]
            runner.run_since(self._connection, model, first, dated)
        self.made[model.name] = first

    def _first_change(self, model: Model) -> date:
        """Note what a table holds of each day; returns the first of which it was something else."""
        name, execute = literal(model.name), self._connection.execute
        day = DAY if self._has_days(model.name) else model.since or literal(EVERY_DAY)
        execute(
            f"insert into build_days select {name}, {day}::date as since, "
            f"bit_xor(hash(*columns(*))) from {model.name} group by since"
        )
        if not self._last_day:
            return EVERY_DAY
        before, now = (f"from {table} where table_name = {name}" for table in _NOTES)
        row = execute(
            "select min(valuation_date) from "
            f"(({before} except {now}) union all ({now} except {before}))"
        ).fetchone()
        return row[0] if row and row[0] else date.max

    def _has_days(self, table: str) -> bool:
        found = self._connection.execute(
            "select 1 from duckdb_columns() where table_name = $table and column_name = $day",
            {"table": table, "day": DAY},
        )
        return found.fetchone() is not None
