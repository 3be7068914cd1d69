"""What is published and landed, told from the folder alone, and what a landing touches."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from tenet.home import published
from tenet.landings import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.landings import Landing

FEW = 100
"""More new landings than these are not looked at one by one."""

_APART = ("audit", "plan")
_LOG = {"sync_sessions", "sync_log", "account_syncs", "accounts"}


@dataclass(frozen=True)
class Watermarks:
    """What moves when something is published or landed.

    build: of the published file, which every build replaces; None without one.
    landings: of the folders of raw/, which every landing changes.
    """

    build: str | None
    landings: str


class Touched(IntEnum):
    """What a landing touches of an answer, the most last."""

    NOTHING = 0
    PROGRESS = 1
    VALUES = 2


def watermarks(home: Path) -> Watermarks:
    """The watermarks of this moment. No file is opened."""
    kinds = _folders(home / "raw")
    months = [month for kind in kinds for month in _folders(kind.path)]
    marks = sorted(f"{folder.path} {_mark(folder)}" for folder in (*kinds, *months))
    landed = hashlib.sha256("\n".join(marks).encode(errors="replace")).hexdigest()[:16]
    return Watermarks(_mark(published(home)), landed)


def touched(landed: list[Landing], seen: str) -> Touched:
    """Which part of an answer the landings touch that it has not seen.

    seen: the fingerprint of those that it has. A sync that brought no holdings touches the progress
    alone; plans, a build's own notes and requests for prices touch nothing, nor does a compaction.
    Where what it has seen is not all there any more, or many are new, everything counts as new.
    """
    landed = [landing for landing in landed if landing.kind not in _APART]
    for count in range(len(landed), max(len(landed) - FEW, -1), -1):
        if fingerprint(landed[:count]) == seen:
            return max(map(_touches, landed[count:]), default=Touched.NOTHING)
    return Touched.VALUES


def _touches(landing: Landing) -> Touched:
    datasets = set(landing.datasets)
    if landing.kind == "sync" and datasets <= _LOG:
        return Touched.PROGRESS
    return Touched.VALUES if datasets - {"market_requests"} else Touched.NOTHING


def _mark(item: Path | os.DirEntry[str]) -> str | None:
    try:
        found = item.stat()
    except OSError:
        return None
    return f"{found.st_ino}-{found.st_mtime_ns}-{found.st_nlink}-{found.st_size}"


def _folders(path: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [item for item in entries if not item.name.startswith(".")]
    except OSError:
        return []
