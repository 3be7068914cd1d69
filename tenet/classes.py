"""The user's own words on asset classes: which there are, their targets, what counts as which.

Each is a landing of its own; nothing that was landed before is changed.
"""

from __future__ import annotations

import csv
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tenet import lake
from tenet.database import rows
from tenet.errors import LakeCorrupt, ReservedName, SchemaMismatch, UnknownClass, WrongSum
from tenet.frames import frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from tenet.landings import Landing

    Row = dict[str, Any]

DETECTED = ("Bonds", "Cash", "Crypto", "Real assets", "Stocks")
"""The classes that an asset type tells by itself (sql/marts/holding_classes.sql)."""
RESERVED = ("Debt", "unclassified")
_PLACES = Decimal("1e-10")
WEIGHTS = ("security_id", "asset_class", "weight")

_CLASSES = """
with
named as (
    select unnest($detected::varchar[]) as asset_class
    union
    select asset_class from raw_security_edits where trim(asset_class) <> ''
    union
    select asset_class from raw_account_edits where trim(asset_class) <> ''
    union
    select asset_class from raw_fund_weights
    union
    select asset_class from raw_asset_classes
),
said as (
    select
        asset_class,
        last(colour order by edited_at, landing_id) filter (where colour is not null) as colour,
        last(target_weight order by edited_at, landing_id) filter (where target_weight is not null)
            as target_weight,
    from raw_asset_classes
    group by asset_class
)
select asset_class, colour, target_weight
from named
left join said using (asset_class)
order by asset_class
"""


def classes(home: Path) -> list[Row]:
    """Every class that is detected or that the user named: asset_class, colour, target_weight."""
    datasets = ("asset_classes", "security_edits", "account_edits", "fund_weights")
    with lake.reading(home, *datasets) as connection:
        return rows(connection, _CLASSES, {"detected": list(DETECTED)})


def find_class(home: Path, wanted: str) -> str:
    """The class of that name, in its own spelling. Raises UnknownClass."""
    known = [row["asset_class"] for row in classes(home)]
    for name in known:
        if name.casefold() == wanted.strip().casefold():
            return str(name)
    raise UnknownClass(wanted, known)


def make_class(
    home: Path, wanted: str, *, colour: str | None, target: Decimal | None, at: datetime
) -> Landing | None:
    """Land a class, or what is new of one: its colour, its target. Lock holder only.

    The targets of the other classes stay. Raises ReservedName, SchemaMismatch for a colour that is
    none, WrongSum when all targets together are not 1.
    """
    name = wanted.strip()
    if not name or name.casefold() in [word.casefold() for word in RESERVED]:
        raise ReservedName(wanted, RESERVED)
    if colour is not None and not re.fullmatch(r"#[0-9a-fA-F]{6}|[a-z]+", colour):
        problem = f"{colour!r} is no colour such as #4c78a8 or steelblue"
        raise SchemaMismatch("asset_classes", "colour", problem)
    known = classes(home)
    name = next((of for row in known if (of := row["asset_class"]).lower() == name.lower()), name)
    if target is not None:
        _require_one({row["asset_class"]: row["target_weight"] for row in known} | {name: target})
    row = {"asset_class": name, "edited_at": at, "colour": colour, "target_weight": target}
    return _land(home, "asset_classes", [row], at)


def set_targets(home: Path, wanted: Mapping[str, Decimal], *, at: datetime) -> dict[str, Decimal]:
    """Land the targets of all classes: those left out get none of the whole. Lock holder only.

    Returns what was landed, by class. Raises UnknownClass, SchemaMismatch for what is no fraction,
    WrongSum when they do not add up to exactly 1; nothing is landed then.
    """
    targets = {find_class(home, name): target for name, target in wanted.items()}
    _require_one(targets)
    targeted = [row["asset_class"] for row in classes(home) if row["target_weight"] is not None]
    targets = dict.fromkeys(targeted, Decimal(0)) | targets
    _land(
        home,
        "asset_classes",
        [
            {"asset_class": name, "edited_at": at, "target_weight": target}
            for name, target in targets.items()
        ],
        at,
    )
    return targets


def classify_security(
    home: Path, security_id: str, wanted: str | None, *, at: datetime
) -> Landing | None:
    """Land the class that a security counts as; None takes it back. Lock holder only.

    Raises UnknownClass.
    """
    name = "" if wanted is None else find_class(home, wanted)
    row = {"security_id": security_id, "edited_at": at, "asset_class": name}
    return _land(home, "security_edits", [row], at)


def classify_account(
    home: Path, account_id: str, wanted: str | None, *, at: datetime
) -> Landing | None:
    """Land the class that all of an account counts as; None takes it back. Lock holder only.

    Raises UnknownClass.
    """
    name = "" if wanted is None else find_class(home, wanted)
    row = {"account_id": account_id, "edited_at": at, "asset_class": name}
    return _land(home, "account_edits", [row], at)


def read_weights(path: Path) -> list[Row]:
    """The rows of a user's file of what funds consist of: WEIGHTS, by the file's line (line).

    Raises LakeCorrupt, SchemaMismatch (a column or a weight that is none), WrongSum for a fund
    whose weights are more than 1. Less than 1 is allowed: the rest stays in the fund's own class.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            header = [(name or "").strip() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            if missing := [name for name in WEIGHTS if name not in header]:
                raise _wrong_weight(path, 1, missing[0], "is missing")
            found = [_weight(path, reader.line_num, row) for row in reader]
    except OSError as error:
        raise LakeCorrupt(path, error.strerror or str(error)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise LakeCorrupt(path, f"it is no CSV: {error}") from error
    if not found:
        raise LakeCorrupt(path, "it holds no weights")
    return found


def set_weights(home: Path, found: Iterable[Row], *, at: datetime) -> dict[str, Decimal]:
    """Land what funds consist of, each fund anew. Lock holder only.

    found: security_id (as in the lake), asset_class, weight. Rows of one class add up.
    Returns the sum of each fund's weights. Raises UnknownClass, WrongSum; nothing is landed then.
    """
    funds: dict[str, dict[str, Decimal]] = {}
    found = list(found)
    spelled = {name: find_class(home, name) for name in {row["asset_class"] for row in found}}
    for row in found:
        name = spelled[row["asset_class"]]
        parts = funds.setdefault(row["security_id"], {})
        parts[name] = parts.get(name, Decimal(0)) + row["weight"]
    for security_id, parts in funds.items():
        if sum(parts.values()) > 1:
            raise WrongSum(f"weights of {security_id}", parts, Decimal(1))
    _land(
        home,
        "fund_weights",
        [
            {"security_id": fund, "asset_class": name, "edited_at": at, "weight": weight}
            for fund, parts in funds.items()
            for name, weight in parts.items()
        ],
        at,
    )
    return {fund: sum(parts.values(), Decimal(0)) for fund, parts in funds.items()}


def _weight(path: Path, line: int, row: Mapping[str, Any]) -> Row:
    for name in WEIGHTS[:2]:
        if not (row[name] or "").strip():
            raise _wrong_weight(path, line, name, "has no value")
    text = (row["weight"] or "").strip()
    try:
        weight = Decimal(text.removesuffix("%").strip())
    except InvalidOperation as error:
        raise _wrong_weight(path, line, "weight", f"{text!r} is not a number") from error
    if not weight.is_finite() or not 0 <= (weight := _fraction(weight, text)) <= 1:
        raise _wrong_weight(path, line, "weight", f"{text!r} is not from 0 to 1, or 0% to 100%")
    return {
        "security_id": row["security_id"].strip(),
        "asset_class": row["asset_class"].strip(),
        "weight": weight,
    }


def _fraction(number: Decimal, text: str) -> Decimal:
    return (number / 100 if text.endswith("%") else number).quantize(_PLACES, ROUND_HALF_UP)


def _wrong_weight(path: Path, line: int, column: str, problem: str) -> SchemaMismatch:
    hint = f"a weights file is CSV with the columns {', '.join(WEIGHTS)}"
    return SchemaMismatch("fund_weights", column, problem, source=path.name, row=line, hint=hint)


def _require_one(targets: Mapping[str, Decimal | None]) -> None:
    given = {name: target for name, target in targets.items() if target}
    for name, target in given.items():
        if not 0 <= target <= 1 or target != round(target, 10):
            problem = f"{target} of {name} is not from 0 to 1, with ten places at most"
            raise SchemaMismatch("asset_classes", "target_weight", problem)
    if sum(given.values()) != 1:
        raise WrongSum("targets", given, Decimal(1))


def _land(home: Path, dataset: str, found: list[Row], at: datetime) -> Landing | None:
    landing, _ = lake.land(home, "edit", {dataset: frame(dataset, found)}, at=at)
    return landing
