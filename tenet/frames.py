"""Rows as frames: what Python code makes, in the columns and types of a raw dataset."""

from __future__ import annotations

from decimal import Decimal
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
    cleaned = ({name: _storable(value) for name, value in row.items()} for row in rows)
    return pl.DataFrame(list(cleaned), schema=columns)


def _storable(value: Any) -> Any:
    """Half of a surrogate pair, which JSON may hold and no file can, becomes a question mark.

    A decimal that is no number becomes null, which polars would not survive.
    """
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
