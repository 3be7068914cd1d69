"""Readings of what a host sent: JSON with decimals, and its values whatever their type."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from tenet.errors import ProviderSyncError

_ORDERS = 30
"""Orders of magnitude around 1 that a number of this world may have."""


def number(value: Any) -> Decimal | None:
    """A decimal from JSON or text; None for null, blank, or what is no number of this world."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value).strip().replace(",", ""))
    except InvalidOperation:
        return None
    if not found.is_finite() or (found and abs(found.adjusted()) > _ORDERS):
        return None
    return found


def text(value: Any) -> str | None:
    """Text, or a number as text; None for null, blank and anything else."""
    is_plain = isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    if not is_plain:
        return None
    # JSON may hold half of a surrogate pair, which no file can.
    return str(value).encode(errors="replace").decode().strip() or None


def fields(value: Any) -> dict[str, Any]:
    """A JSON object; an empty one for null or any other type."""
    return value if isinstance(value, dict) else {}


def rows(value: Any, *, account: str | None = None) -> list[Any]:
    """A JSON array. Raises ProviderSyncError (data, malformed) for any other type."""
    if isinstance(value, list):
        return value
    raise ProviderSyncError(
        "data", "a list is missing in the answer", code="malformed", account_external_id=account
    )


def json_body(body: bytes, *, account: str | None = None) -> Any:
    """JSON with decimals instead of floats.

    Raises ProviderSyncError of category data, code malformed, when it is none (HTML, cut short).
    """
    try:
        return json.loads(body, parse_float=number, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise ProviderSyncError(
            "data", "the answer is not JSON", code="malformed", account_external_id=account
        ) from error
