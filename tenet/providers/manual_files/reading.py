"""A file of statements as rows of text with their places, before anything is made of them."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import yaml
from yaml.error import MarkedYAMLError

from tenet.errors import ProviderSyncError
from tenet.providers.manual_files.numbers import has_decimal_commas
from tenet.providers.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HOLDING_COLUMNS = ("account", "as_of")
ACTIVITY_COLUMNS = ("account", "date", "type", "amount")
NUMBERS = ("quantity", "price", "value", "cost_basis", "multiplier", "amount", "fee")
_LINE = 0
"""The key of a YAML mapping's line: no key of a file, for those are all text."""


@dataclass(frozen=True)
class Row:
    """One line of a file. place: for people. cells: as written, blanks left out.

    problem: what is wrong with the line as such. is_comma_decimal: how its file writes decimals.
    """

    account: str
    place: str
    cells: Mapping[str, str]
    problem: str = ""
    is_comma_decimal: bool = False


@dataclass(frozen=True)
class Declared:
    """An account as a file names it."""

    external_id: str
    name: str | None = None
    institution: str | None = None
    currency: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Statement:
    """One file. holdings: by account. is_as_it_stands: its lines are one state of each account.

    errors: of accounts that are not even declared as they should be.
    """

    name: str
    accounts: tuple[Declared, ...] = ()
    holdings: Mapping[str, list[Row]] = field(default_factory=dict)
    activities: tuple[Row, ...] = ()
    is_as_it_stands: bool = False
    errors: tuple[ProviderSyncError, ...] = ()


def read(name: str, content: bytes | ProviderSyncError) -> Statement:
    """A file as a statement. Raises ProviderSyncError (data) for one that is none at all."""
    if isinstance(content, ProviderSyncError):
        raise content
    text = _decoded(name, content)
    return _csv(name, text) if name.lower().endswith(".csv") else _yaml(name, text)


def refused(code: str, problem: str, account: str | None = None) -> ProviderSyncError:
    """What cannot be read, and where."""
    return ProviderSyncError("data", scrub(problem), code=code, account_external_id=account)


def _decoded(name: str, content: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or what older spreadsheets write on Windows."""
    is_utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise refused("malformed", f"{name}: not a text file")


def _csv(name: str, text: str) -> Statement:
    delimiter = _delimiter(text)
    rows = _csv_rows(name, text, delimiter)
    columns = [re.sub(r"\s+", "_", cell.lower()) for cell in rows[0][1]] if rows else []
    is_holdings = set(HOLDING_COLUMNS) <= set(columns)
    if not is_holdings and not set(ACTIVITY_COLUMNS) <= set(columns):
        wanted = f"{', '.join(HOLDING_COLUMNS)} or {', '.join(ACTIVITY_COLUMNS)}"
        raise refused("no_header", f"{name}: the first line does not name the columns {wanted}")
    if len(set(filter(None, columns))) < len(list(filter(None, columns))):
        raise refused("malformed", f"{name}: the first line names a column twice")
    given = [_csv_row(f"{name} line {line}", columns, cells) for line, cells in rows[1:]]
    found = _with_marks(given, unless_told=delimiter == ";")
    if not is_holdings:
        return Statement(name, activities=tuple(found))
    by_account = _by_account(found)
    return Statement(name, tuple(map(Declared, by_account)), by_account)


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=header.count)


def _csv_rows(name: str, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The rows that are not blank, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, line = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:
        raise refused("malformed", f"{name} line {line}: {error}") from error
    return rows


def _csv_row(place: str, columns: list[str], cells: list[str]) -> Row:
    named = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
    is_whole = len(cells) == len(columns)
    problem = "" if is_whole else f"{len(cells)} cells under {len(columns)} columns"
    return Row(named.get("account", ""), place, named, problem)


def _with_marks(rows: list[Row], *, unless_told: bool) -> list[Row]:
    texts = (row.cells[name] for row in rows for name in NUMBERS if name in row.cells)
    is_comma_decimal = has_decimal_commas(texts, unless_told=unless_told)
    return [replace(row, is_comma_decimal=is_comma_decimal) for row in rows]


def _by_account(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.account, []).append(row)
    return found


class _Loader(yaml.SafeLoader):
    """Texts as they stand: no number goes through a float. No aliases, tags or repeated keys."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            raise MarkedYAMLError(problem="an alias or a tag", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep=deep)
        if len(found) < len(node.value):
            raise MarkedYAMLError(problem="a key twice", problem_mark=node.start_mark)
        return found | {_LINE: node.start_mark.line + 1}


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile("(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)


def _yaml(name: str, text: str) -> Statement:
    try:
        said = yaml.load(text, Loader=_Loader)  # a SafeLoader
    except MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise refused("malformed", f"{name}{line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise refused("malformed", f"{name}: {type(error).__name__}") from None
    accounts = said.get("accounts") if isinstance(said, dict) else None
    if not isinstance(accounts, list):
        raise refused("malformed", f"{name}: no list of accounts")
    declared, rows, activities, errors = [], [], [], []
    for entry in accounts:
        try:
            account, held, happened = _yaml_account(name, entry)
        except ProviderSyncError as error:
            errors.append(error)
        else:
            declared.append(account)
            rows += held
            activities += happened
    marked = _with_marks(rows, unless_told=False)
    return Statement(
        name,
        tuple(declared),
        _by_account(marked),
        tuple(_with_marks(activities, unless_told=False)),
        is_as_it_stands=True,
        errors=tuple(errors),
    )


def _yaml_account(name: str, entry: Any) -> tuple[Declared, list[Row], list[Row]]:
    if not isinstance(entry, dict):
        raise refused("malformed", f"{name}: an account that is no mapping")
    place = f"{name} line {entry[_LINE]}"
    told = {key: value.strip() for key, value in entry.items() if isinstance(value, str)}
    external_id = told.get("id") or told.get("name")
    if not external_id:
        raise refused("malformed", f"{place}: an account without an id")
    held, happened = entry.get("holdings"), entry.get("activities", [])
    if not isinstance(held, list) or not isinstance(happened, list):
        raise refused("malformed", f"{place}: no list of holdings", external_id)
    account = Declared(external_id, *map(told.get, ("name", "institution", "currency", "kind")))
    defaults = {key: told[key] for key in ("as_of", "currency") if told.get(key)}
    return (
        account,
        [_yaml_row(name, external_id, defaults, given) for given in held],
        [_yaml_row(name, external_id, defaults, given) for given in happened],
    )


def _yaml_row(name: str, account: str, defaults: Mapping[str, str], given: Any) -> Row:
    if not isinstance(given, dict):
        return Row(account, name, {}, "an entry that is no mapping")
    place = f"{name} line {given[_LINE]}"
    fields = {key: value for key, value in given.items() if key != _LINE}
    wrong = [
        key for key, value in fields.items() if not isinstance(key, str) or _is_odd(key, value)
    ]
    cells = {key: value.strip() for key, value in fields.items() if isinstance(value, str)}
    problem = f"{wrong[0]}: not one text (a number with commas needs quotes)" if wrong else ""
    return Row(account, place, {**defaults, **{k: v for k, v in cells.items() if v}}, problem)


def _is_odd(key: str, value: Any) -> bool:
    """Whether a field is what a number with bare commas leaves in a `{...}`, or holds a list."""
    return (value is None and key[:1].isdigit()) or not isinstance(value, str | None)
