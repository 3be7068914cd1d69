"""The folder that a build on a cluster leaves its tables in, and how the next one takes its place.

    DIR/manifest.json           which build it is, the folder with its tables, and every file
    DIR/build-<time>/           the tables: <table>.parquet, or <table>/shard-0000.parquet and so on
    DIR/.building-<time>/       one that is not complete, removed by the next run
    DIR/.lock                   one writer at a time

The manifest is replaced whole, last: who reads it finds the build of before or the new one, each
complete. The folder of the one before stays until the next one is complete, for who has begun to
read it.
"""

from __future__ import annotations

import json
import secrets
import shutil
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any

from tenet.errors import HomeNotWritable, OutputRefused
from tenet.home import make, write_whole, writing
from tenet.lake import make_durable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

MANIFEST = "manifest.json"
_PUBLISHED, _BUILDING = "build-", ".building-"


@contextmanager
def replacing(folder: Path, at: datetime) -> Iterator[Path]:
    """A hidden folder in `folder` to build in, which is gone afterwards, and the lock held.

    Raises OutputRefused when what is there is no such output, RefreshRunning when another build
    is at work, HomeNotWritable.
    """
    _require_ours(folder)
    make(folder)
    with writing(folder, at):
        for left in (*folder.glob(f"{_BUILDING}*"), *_never_named(folder)):
            shutil.rmtree(left, ignore_errors=True)
        place = folder / f"{_BUILDING}{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
        place.mkdir(mode=0o700)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def publish(folder: Path, tables: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Make `tables`, below the hidden folder, what the manifest names, with these facts.

    Returns the manifest. Raises HomeNotWritable; the manifest of before stays then.
    """
    name = tables.parent.name.replace(_BUILDING, _PUBLISHED, 1)
    before = manifest(folder).get("folder")
    for below in (*(path for path in tables.iterdir() if path.is_dir()), tables):
        make_durable(below)
    tables.rename(folder / name)
    make_durable(folder)
    told = {"folder": name} | facts
    try:
        write_whole(folder / MANIFEST, json.dumps(told, indent=1) + "\n")
    except HomeNotWritable:
        shutil.rmtree(folder / name, ignore_errors=True)
        raise
    make_durable(folder)
    for old in folder.glob(f"{_PUBLISHED}*"):
        if old.name not in (name, before):
            shutil.rmtree(old, ignore_errors=True)
    return told


def manifest(folder: Path) -> dict[str, Any]:
    """What the manifest says; empty where there is none yet."""
    try:
        found = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _never_named(folder: Path) -> list[Path]:
    """Builds after the manifest's: complete, but killed before they were named in it."""
    named = manifest(folder).get("folder")
    return [path for path in folder.glob(f"{_PUBLISHED}*") if named and path.name > named]


def _require_ours(folder: Path) -> None:
    """Raises OutputRefused unless the folder is new, empty, or an output of before."""
    if folder.is_file():
        raise OutputRefused(folder, "it is a file")
    if not folder.is_dir():
        return
    known = (_PUBLISHED, _BUILDING, ".lock", MANIFEST)
    others = sorted(path.name for path in folder.iterdir() if not path.name.startswith(known))
    if others:
        raise OutputRefused(folder, f"there is something else in it: {others[0]}")
