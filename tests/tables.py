"""Small tables written as text, and the household that they make.

    security_id  price_date  close
    AAPL         2024-03-01  179.66

Columns stand in the order of the header, `-` is null. Columns that a dataset has and the text lacks
are null, or the plain value of PLAIN.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from tenet import resources, warehouse
from tenet.database import connect_reading, literal
from tenet.schemas import DATASETS

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = {
    "session_id": "s",
    "status": "success",
    "currency": "USD",
    "multiplier": "1",
    "source": "yahoo",
    "basis": "split_adjusted",
    "observed_at": "2024-12-31 12:00+00",
    "edited_at": "2024-12-31 12:00+00",
    "landing_id": "20241231T120000.000000Z-00000000",
}


def rows(text: str) -> list[dict[str, str | None]]:
    """The rows of a text table; a cell is a run of characters without two spaces in a row."""
    header, *lines = [line.split() for line in text.strip().splitlines()]
    return [
        {
            name: None if cell == "-" else cell.replace("~", " ")
            for name, cell in zip(header, line, strict=True)
        }
        for line in lines
    ]


def raw_query(dataset: str, text: str) -> str:
    """A query that gives the rows of a text table with the dataset's columns and types."""
    columns = [(column.name, column.kind.type) for column in DATASETS[dataset].columns]
    selects = []
    for row in rows(text):
        values = {name: row.get(name, PLAIN.get(name)) for name, _ in columns}
        typed = [f"{_sql(values[name])}::{type_} as {name}" for name, type_ in columns]
        landing = _sql(row.get("landing_id", PLAIN["landing_id"]))
        selects.append(f"select {', '.join(typed)}, {landing}::varchar as landing_id")
    nothing = ", ".join(
        f"null::{type_} as {name}" for name, type_ in [*columns, ("landing_id", "VARCHAR")]
    )
    return " union all ".join([f"(select {nothing} limit 0)", *selects])


def answer(
    folder: Path,
    query: str,
    *,
    through: str,
    timezone: str = "UTC",
    base_currency: str = "USD",
    **datasets: str,
) -> str:
    """Build the household of the text tables and answer a query as a text table.

    Accounts are made up for every snapshot. Rows come sorted, numbers without trailing zeros.
    """
    if "accounts" not in datasets and "snapshots" in datasets:
        names = sorted({str(row["account_id"]) for row in rows(datasets["snapshots"])})
        datasets["accounts"] = "\n".join(["account_id", *names])
    settings = {
        "through_date": date.fromisoformat(through),
        "timezone": timezone,
        "base_currency": base_currency,
        "stale_price_days": 7,
    }
    raw = {name: raw_query(name, datasets.get(name, "landing_id")) for name in DATASETS}
    path = folder / "household.duckdb"
    path.unlink(missing_ok=True)
    warehouse.build_file(path, raw, settings, settings, resources.folder("sql"))
    connection = connect_reading(path)
    try:
        relation = connection.sql(query)
        lines = [
            relation.columns,
            *sorted([_text(cell) for cell in row] for row in relation.fetchall()),
        ]
    finally:
        connection.close()
    return "\n".join(" ".join(line) for line in lines)


def same(found: str, expected: str) -> None:
    """Assert that two text tables agree, whatever the space between their cells."""
    assert found.splitlines() == [" ".join(line.split()) for line in expected.strip().splitlines()]


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, Decimal):
        text = f"{cell:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(cell).replace(" ", "~")


def _sql(value: str | None) -> str:
    return "null" if value is None else literal(value)
