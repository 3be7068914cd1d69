"""Rows as frames: what Python code makes, in the columns and types of a raw dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from tenet.schemas import DATASETS, NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TYPES = {
    "VARCHAR": pl.String(),
    NUMBER: pl.Decimal(28, 10),
    "BIGINT": pl.Int64(),
    "DATE": pl.Date(),
    "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
    "BOOLEAN": pl.Boolean(),
}


def frame(dataset: str, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """A frame with every column of the dataset; what the rows leave out is null."""
    columns = {column.name: _TYPES[column.kind.type] for column in DATASETS[dataset].columns}
    return pl.DataFrame([dict(row) for row in rows], schema=columns)
