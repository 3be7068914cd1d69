"""A scenario as a document: read from files, changed at a pointer, told apart by its hash."""

from __future__ import annotations

import json
import tomllib
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tenet.errors import InputOutOfRange, ScenarioInvalid

if TYPE_CHECKING:
    from pathlib import Path

Document = dict[str, Any]


def read_file(path: Path) -> Document:
    """The document of a TOML or JSON file, told by its suffix (.toml, else JSON).

    Raises ScenarioInvalid, naming the file and the place in it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise ScenarioInvalid([f"{path}: {error.strerror or error}"]) from error
    except (ValueError, RecursionError) as error:
        raise ScenarioInvalid([f"{path}: {error}"]) from error
    if not isinstance(found, dict):
        raise ScenarioInvalid([f"{path}: given a {type(found).__name__}; allowed is an object"])
    return found


def scenario_of(whole: Document) -> Document:
    """The scenario in what a file holds: all of it, or what `export` calls `scenario`."""
    found = whole.get("scenario", whole)
    if not isinstance(found, dict):
        raise ScenarioInvalid([f"scenario: given {found!r}; allowed is an object"])
    return found


def canonical(value: Any) -> str:
    """JSON without spaces, dates as ISO text.

    Keys keep their order: the rows of a correlation matrix follow that of the assets.
    """
    return json.dumps(value, default=str, separators=(",", ":"))


def digest(value: Any) -> str:
    """A short hash of a value."""
    return sha256(canonical(value).encode()).hexdigest()[:12]


def resolved(document: Any, pointer: str) -> list[str]:
    """The parts of a JSON pointer in which the names of list entries have become their numbers.

    `/streams/Living/amount` is `/streams/2/amount` where the third stream is called Living. The
    last part may be a field that is not given yet. Raises InputOutOfRange.
    """
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.strip("/").split("/")]
    found, here = [], document
    for number, part in enumerate(parts):
        key = part
        if isinstance(here, list | tuple):
            key = _number(here, part, pointer)
            here = here[int(key)]
        elif isinstance(here, dict) and (part in here or number == len(parts) - 1):
            here = here.get(part)
        else:
            known = ", ".join(map(str, here)) if isinstance(here, dict) else "nothing below it"
            raise InputOutOfRange("pointer", pointer, f"a field: {known}")
        found.append(key)
    return found


def with_value(document: Document, pointer: str, value: Any) -> Document:
    """A copy with another value at a pointer (names or numbers of list entries)."""
    changed: Document = json.loads(json.dumps(document, default=str))
    *path, last = resolved(changed, pointer)
    here: Any = changed
    for part in path:
        here = here[int(part)] if isinstance(here, list) else here[part]
    if isinstance(here, list):
        here[int(last)] = value
    elif isinstance(here, dict):
        here[last] = value
    else:
        raise InputOutOfRange("pointer", pointer, "a field of an object, or an entry of a list")
    return changed


def _number(entries: list[Any] | tuple[Any, ...], part: str, pointer: str) -> str:
    named = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    if part in named:
        return str(named.index(part))
    if part.isdecimal() and int(part) < len(entries):
        return part
    known = ", ".join(str(name) for name in named if name) or f"0 to {len(entries) - 1}"
    raise InputOutOfRange("pointer", pointer, f"one of {known}")
