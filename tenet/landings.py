"""Which landings a home has. Only the folder is looked at, so that `status` needs no database."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, order=True)
class Landing:
    """One landed directory. Ids sort by time of landing."""

    landing_id: str
    kind: str
    path: Path

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets that it holds, sorted."""
        return tuple(sorted(file.stem for file in self.path.glob("*.parquet")))


def landings(home: Path) -> list[Landing]:
    """Every landing of a home, oldest first; none when nothing was landed yet."""
    found = []
    for kind in _folders(home / "raw"):
        for month in _folders(kind.path):
            found += [
                Landing(item.name, kind.name, Path(item.path)) for item in _folders(month.path)
            ]
    return sorted(found)


def files(of: Iterable[Landing], dataset: str) -> list[Path]:
    """The files of one dataset, in the landings' order."""
    paths = (landing.path / f"{dataset}.parquet" for landing in of)
    return [path for path in paths if path.exists()]


def fingerprint(of: Iterable[Landing]) -> str:
    """A hash of which landings these are. Landings never change, so their ids say it all."""
    return hashlib.sha256("\n".join(landing.landing_id for landing in of).encode()).hexdigest()[:16]


def _folders(path: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [item for item in entries if item.is_dir() and not item.name.startswith(".")]
    except FileNotFoundError:
        return []
