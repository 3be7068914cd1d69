"""What parts of a build take of its time: the values themselves, and what is made of them.

A part is its marts and what only they need; what the values need as well is the values' own cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VALUES = "values"
PARTS = {
    VALUES: (
        "daily_holding_values",
        "account_values_daily",
        "portfolio_values_daily",
        "net_worth_daily",
        "holdings_current",
    ),
    "lots": ("lots", "realized_gains"),
    "trust": (
        "account_coverage",
        "coverage_daily",
        "gaps",
        "holding_gaps",
        "value_checks",
        "restatements",
    ),
    "bridge": ("net_worth_bridge", "holding_moves", "income"),
    "returns": ("returns", "account_returns", "security_prices"),
    "allocation": (
        "allocation_daily",
        "account_allocation_daily",
        "owner_values_daily",
        "owner_statements",
    ),
}
"""The marts of each part; a part does not count what an earlier one needs."""


def parts() -> dict[str, frozenset[str]]:
    """The models of each part, as the queries' own syntax trees tell."""
    from tenet import models, resources
    from tenet.database import connect

    connection = connect()
    try:
        found = models.read_models(connection, resources.folder("sql"))
    finally:
        connection.close()
    reads = {model.name: model.reads for model in found}
    counted: set[str] = set()
    chosen = {}
    for part, marts in PARTS.items():
        needed = _needed(marts, reads) - counted
        chosen[part] = frozenset(needed)
        counted |= needed
    return chosen


def shares(seconds: Mapping[str, float]) -> dict[str, float]:
    """Seconds of each part. seconds: of each model of one build."""
    return {part: sum(seconds.get(name, 0) for name in names) for part, names in parts().items()}


def _needed(marts: Iterable[str], reads: Mapping[str, tuple[str, ...]]) -> set[str]:
    needed, queue = set[str](), list(marts)
    for name in queue:
        if name in reads and name not in needed:
            needed.add(name)
            queue += reads[name]
    return needed
