"""Every path of a simulation as rows of a Parquet file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.errors import HomeNotWritable

if TYPE_CHECKING:
    from pathlib import Path

    from tenet.planning.simulation import Simulation

_TOGETHER = 250
"""Paths walked, and held in memory, at once."""


def write_paths(simulation: Simulation, path: Path) -> int:
    """Write a row per path and step (planning.paths.path_rows), in that order.

    The file is replaced whole. Returns the number of rows. Raises HomeNotWritable; what was there
    before is then untouched.
    """
    from pyarrow.parquet import ParquetWriter

    from tenet.planning.paths import path_rows

    aside = path.with_name(f"{path.name}.writing")
    count = simulation.outcome.paths
    written, writer = 0, None
    try:
        for first in range(0, count, _TOGETHER):
            table = path_rows(simulation, range(first, min(first + _TOGETHER, count))).to_arrow()
            writer = writer or ParquetWriter(aside, table.schema, compression="zstd")
            writer.write_table(table)
            written += table.num_rows
        if writer is not None:
            writer.close()
        aside.replace(path)
    except OSError as error:
        raise HomeNotWritable(path.parent, error.strerror or str(error)) from error
    finally:
        aside.unlink(missing_ok=True)
    return written
