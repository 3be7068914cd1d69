"""The notebooks that ship: which there are, and a copy of one to edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet import resources
from tenet.errors import NotFound
from tenet.home import make_private_folder, write_whole

if TYPE_CHECKING:
    from pathlib import Path


def names() -> list[str]:
    """The notebooks that ship, by name."""
    return sorted(path.stem for path in resources.folder("notebooks").glob("*.py"))


def shipped(name: str) -> Path:
    """The file of a notebook. Raises NotFound."""
    if name not in names():
        raise NotFound("notebook", name, names())
    return resources.folder("notebooks") / f"{name}.py"


def copied(home: Path, name: str) -> Path:
    """The home's own copy of a notebook, made when there is none.

    Raises NotFound, HomeNotWritable.
    """
    original, path = shipped(name), home / "notebooks" / f"{name}.py"
    if not path.exists():
        make_private_folder(path.parent)
        write_whole(path, original.read_text(encoding="utf-8"))
    return path
