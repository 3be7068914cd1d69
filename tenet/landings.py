"""Which landings a home has. Only the folder is looked at, so that `status` needs no database.

    raw/<kind>/<YYYY-MM>/<landing_id>/    one landing: <dataset>.parquet each, and manifest.json
    raw/<kind>/<YYYY-MM>/merged-<hash>/   many, merged by `tenet compact`: the same rows and ids

A manifest says the rows, bytes and SHA-256 of each file, and of a merged folder which datasets each
of its landings has. A folder whose landings a larger merged one holds as well, left behind by a
compaction that was killed, counts for nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenet.errors import LakeCorrupt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Contents = Mapping[str, tuple[str, ...]]

MANIFEST = "manifest.json"
_MERGED = "merged-"


@dataclass(frozen=True, order=True)
class Landing:
    """One landing. Ids sort by time of landing.

    path: the folder that holds it. merged: of a merged folder, the datasets of all its landings.
    """

    landing_id: str
    kind: str
    path: Path
    merged: Contents | None = field(default=None, compare=False, repr=False)

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets that it holds, sorted; the folder is listed once.

        Raises LakeCorrupt when it is gone: merged by a compaction, since it was found.
        """
        if self.merged is not None:
            return self.merged[self.landing_id]
        try:
            with os.scandir(self.path) as entries:
                names = [item.name for item in entries]
        except OSError as error:
            reason = error.strerror or str(error)
            raise LakeCorrupt(self.path, reason, hint="run the same command again") from error
        return tuple(sorted(name[:-8] for name in names if name.endswith(".parquet")))


@dataclass(frozen=True)
class Month:
    """The landings of a kind and month (YYYY-MM), and folders there that count for nothing."""

    kind: str
    month: str
    landings: tuple[Landing, ...]
    spent: tuple[Path, ...]


def landings(home: Path) -> list[Landing]:
    """Every landing of a home, oldest first; none when nothing was landed yet.

    Raises LakeCorrupt for a merged folder without a manifest.
    """
    return sorted(landing for month in months(home) for landing in month.landings)


def months(home: Path) -> list[Month]:
    """The landings of a home by kind and month. Raises LakeCorrupt."""
    return [
        _month(kind.name, Path(month.path))
        for kind in _folders(home / "raw")
        for month in _folders(kind.path)
    ]


def files(of: Iterable[Landing], dataset: str) -> list[Path]:
    """The files of one dataset, in the landings' order; one that holds many of them comes once."""
    folders = dict.fromkeys(landing.path for landing in of if dataset in landing.datasets)
    return [folder / f"{dataset}.parquet" for folder in folders]


def folder_of(home: Path, landing_id: str) -> Path | None:
    """The folder that holds a landing now; None when the home has no such landing."""
    for kind in _folders(home / "raw"):
        for landing in _month(kind.name, Path(kind.path) / month_of(landing_id)).landings:
            if landing.landing_id == landing_id:
                return landing.path
    return None


def month_of(landing_id: str) -> str:
    """The month (UTC) in whose folder a landing lies: 2026-11."""
    return f"{landing_id[:4]}-{landing_id[4:6]}"


def merged_name(ids: Iterable[str]) -> str:
    """The name of the merged folder that holds exactly these landings."""
    return f"{_MERGED}{hashlib.sha256(' '.join(sorted(ids)).encode()).hexdigest()[:16]}"


def manifest(folder: Path) -> dict[str, Any] | None:
    """What the manifest of a landing's folder says; None for a landing of before there were any.

    files: rows, bytes and sha256 by file name. landings: of a merged folder.
    Raises LakeCorrupt when it cannot be read.
    """
    path = folder / MANIFEST
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        if not isinstance(found["files"], dict):
            raise TypeError("no files")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LakeCorrupt(path, f"it is no manifest ({error})") from error
    return found


def fingerprint(of: Iterable[Landing]) -> str:
    """A hash of which landings these are. Landings never change, so their ids say it all.

    Those that no value depends on, a build's own notes and plans, are left out.
    """
    ids = [landing.landing_id for landing in of if landing.kind not in ("audit", "plan")]
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def _month(kind: str, folder: Path) -> Month:
    found: dict[str, Landing] = {}
    spent, alone = [], []
    merged: list[tuple[Path, Contents]] = []
    for item in _folders(folder):
        if item.name.startswith(_MERGED):
            merged.append((Path(item.path), _contents(Path(item.path))))
        else:
            alone.append(Landing(item.name, kind, Path(item.path)))
    for path, contents in sorted(merged, key=lambda one: -len(one[1])):
        new = contents.keys() - found.keys()
        found |= {landing_id: Landing(landing_id, kind, path, contents) for landing_id in new}
        spent += [] if new else [path]
    spent += [landing.path for landing in alone if landing.landing_id in found]
    found = {landing.landing_id: landing for landing in alone} | found
    return Month(kind, folder.name, tuple(found.values()), tuple(spent))


def _contents(folder: Path) -> Contents:
    """The datasets of each landing in a merged folder."""
    found = (manifest(folder) or {}).get("landings")
    if not isinstance(found, dict) or not found:
        raise LakeCorrupt(folder / MANIFEST, "it does not say which landings were merged")
    return {landing_id: tuple(datasets) for landing_id, datasets in found.items()}


def _folders(path: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [item for item in entries if item.is_dir() and not item.name.startswith(".")]
    except FileNotFoundError:
        return []
