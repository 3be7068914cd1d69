"""`tenet import`: a folder of Parquet and CSV files, named like the datasets, as one landing."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from tenet import lake
from tenet.errors import LakeCorrupt, NothingToImport, UnknownDataset
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tenet.landings import Landing


def import_folder(
    home: Path, folder: Path, *, at: datetime, note: Callable[[str], None]
) -> tuple[Landing | None, dict[str, int]]:
    """Land the datasets of `folder`; only for the holder of the home's lock.

    A file is `<dataset>.parquet` or `<dataset>.csv`; others are left out and noted, unless the name
    is nearly one of a dataset. Returns the landing (None when the lake holds all of it already) and
    the rows of each dataset.
    Raises NothingToImport, LakeCorrupt, InputRefused; nothing is landed then.
    """
    tables: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".parquet", ".csv"):
            continue
        if path.stem not in DATASETS:
            if get_close_matches(path.stem, DATASETS, n=1, cutoff=0.8):
                raise UnknownDataset(path.stem, DATASETS)
            note(f"{path.name} is not named like a dataset and was left out")
        elif path.stem in tables:
            raise LakeCorrupt(path, f"{tables[path.stem].name} holds the same dataset")
        else:
            tables[path.stem] = path
    if not tables:
        raise NothingToImport(folder, DATASETS)
    return lake.land(home, "import", tables, at=at, note=note)
