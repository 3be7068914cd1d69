"""`tenet export`: every mart as a file, with a manifest that says what each file holds."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tenet.database import Error, complaint, identifier, literal
from tenet.errors import HomeNotWritable
from tenet.home import write_whole

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from tenet.workspace import Workspace

MANIFEST = "manifest.json"


def export(
    workspace: Workspace, folder: Path, kind: Literal["parquet", "csv"]
) -> list[dict[str, Any]]:
    """Write every table of the published build to `folder`, all from one build.

    Files are replaced whole; rows are ordered by the table's columns, so equal builds give equal
    files. Returns the manifest's entries: name, file, rows, sha256.
    Raises NoBuild, HomeNotWritable.
    """
    options = "format parquet, compression zstd" if kind == "parquet" else "format csv, header"
    entries = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with workspace.connection() as connection:
            info = connection.execute(
                "select revision, through_date::varchar from build_info"
            ).fetchone()
            for (table,) in connection.execute(
                "select name from (show tables) order by all"
            ).fetchall():
                path, aside = folder / f"{table}.{kind}", folder / f"{table}.{kind}.writing"
                keyed = "" if table == "build_info" else " order by all"
                written = connection.execute(
                    f"copy (from {identifier(table)}{keyed}) to {literal(aside)} ({options})"
                ).fetchone()
                aside.replace(path)
                digest = hashlib.file_digest(path.open("rb"), "sha256").hexdigest()
                rows = written[0] if written else 0
                entries.append({"name": table, "file": path.name, "rows": rows, "sha256": digest})
        manifest = dict(zip(("revision", "through_date"), info or (), strict=False)) | {
            "tables": entries
        }
        write_whole(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
    except OSError as error:
        raise HomeNotWritable(folder, error.strerror or str(error)) from error
    except Error as error:
        raise HomeNotWritable(folder, complaint(error)) from error
    return entries
