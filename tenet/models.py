"""The models of `sql/`: their headers, what they read, and the order to run them in.

A model is one file with one query; the file's name is the table's name and its folder the layer.
The header's first line becomes the table's comment; `grain` and `keys` are required. `apart` names
the columns that a row stays within: it depends on no row of another account, or of another day, in
the tables asked that have the column. Over some accounts alone the model gives what these accounts
need of it; only its numbers for joining may be others. `since` names a column of days: a row
matters to no earlier one. Every other `-- name: text` line documents a column. A column without a
line of its own has the text of the model that it comes from.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from tenet.errors import ModelFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenet.database import Connection, Error

_NOT_COLUMNS = ("grain", "keys", "apart", "since", "units", "nulls")


@dataclass(frozen=True)
class Model:
    """One query of `sql/`; `columns` are the header's column texts, `reads` the tables asked."""

    name: str
    path: Path
    query: str
    comment: str
    keys: tuple[str, ...]
    apart: frozenset[str]
    since: str | None
    columns: dict[str, str]
    reads: tuple[str, ...]

    @property
    def place(self) -> str:
        """The file as people write it: `sql/marts/net_worth_daily.sql`."""
        return _place(self.path)

    @property
    def is_published(self) -> bool:
        """Marts are published; staging and intermediate live as long as the build."""
        return self.path.parent.name == "marts"


def read_models(connection: Connection, folder: Path) -> list[Model]:
    """Every model below `folder`, each after those that it reads.

    Raises ModelFailed when a header lacks grain or keys, or a query does not parse.
    """
    models = {path.stem: _read(connection, path) for path in sorted(folder.glob("*/*.sql"))}
    order = TopologicalSorter(
        {model.name: [name for name in model.reads if name in models] for model in models.values()}
    )
    return [models[name] for name in order.static_order()]


def column_comment(models: dict[str, Model], model: Model, column: str) -> str:
    """The text for a column: the model's own, else that of the nearest model it reads."""
    seen, queue = set[str](), [model]
    for found in queue:
        if column in found.columns:
            return found.columns[column]
        queue += [models[name] for name in found.reads if name in models and name not in seen]
        seen.update(found.reads)
    return ""


def line_of(error: Error, default: int = 1) -> int:
    """The line of the statement that DuckDB complains of."""
    found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
    return int(found[1]) if found else default


def _read(connection: Connection, path: Path) -> Model:
    query = path.read_text()
    header = [line[2:].strip() for line in _leading_comment(query)]
    fields = dict(line.split(": ", 1) for line in header if re.match(r"\w+: ", line))
    for required in ("grain", "keys"):
        if required not in fields:
            raise ModelFailed(_place(path), 1, f"the header has no line `-- {required}: ...`")
    prose = header[: _first_field(header)]
    return Model(
        name=path.stem,
        path=path,
        query=query,
        comment=" ".join(prose),
        keys=tuple(_names(fields["keys"])),
        apart=frozenset(_names(fields.get("apart", ""))),
        since=fields.get("since"),
        columns={name: text for name, text in fields.items() if name not in _NOT_COLUMNS},
        reads=_tables_read(connection, path, query),
    )


def _names(text: str) -> Iterator[str]:
    return (name.strip() for name in text.split(",") if name.strip())


def _leading_comment(query: str) -> Iterator[str]:
    for line in query.splitlines():
        if not line.startswith("--"):
            return
        yield line


def _first_field(header: list[str]) -> int:
    return next(i for i, line in enumerate(header) if re.match(r"\w+: ", line))


def _tables_read(connection: Connection, path: Path, query: str) -> tuple[str, ...]:
    row = connection.execute("select json_serialize_sql(?)", [query]).fetchone()
    tree = json.loads(row[0]) if row else {}
    if tree.get("error"):
        position = int(tree.get("position") or 0)
        line = query[:position].count("\n") + 1
        raise ModelFailed(_place(path), line, str(tree.get("error_message")))
    return tuple(dict.fromkeys(_tables(tree, frozenset())))


def _tables(tree: Any, named: frozenset[str]) -> Iterator[str]:
    """The tables asked in a syntax tree. `named` are the CTEs in sight; one never sees itself."""
    if isinstance(tree, list):
        for branch in tree:
            yield from _tables(branch, named)
    if not isinstance(tree, dict):
        return
    for entry in tree.get("cte_map", {}).get("map", []):
        yield from _tables(entry["value"], named)
        named |= {entry["key"]}
    if tree.get("type") == "BASE_TABLE" and tree["table_name"] not in named:
        yield tree["table_name"]
    for name, branch in tree.items():
        if name != "cte_map":
            yield from _tables(branch, named)


def _place(path: Path) -> str:
    return "/".join(path.parts[-3:])
