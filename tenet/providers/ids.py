"""Ids for what has no symbol, and small shared readings of provider text."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from tenet.errors import ProviderSyncError


def cash(currency: str) -> str:
    """The symbol of cash in a currency."""
    return f"_CASH:{currency}"


def synthetic(prefix: str, stable_id: str, digits: int = 8) -> str:
    """A symbol for a line without one: `_SF:` and 8 hex digits of SHA-256 of its stable id."""
    return f"_{prefix}:{hashlib.sha256(stable_id.encode()).hexdigest()[:digits]}"


def number(value: Any) -> Decimal | None:
    """A decimal from JSON or text; None for null, blank, or what is no finite number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value).strip().replace(",", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def json_body(body: bytes, *, account: str | None = None) -> Any:
    """JSON with decimals instead of floats.

    Raises ProviderSyncError of category data, code malformed, when it is none (HTML, cut short).
    """
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise ProviderSyncError(
            "data", "the answer is not JSON", code="malformed", account_external_id=account
        ) from error
