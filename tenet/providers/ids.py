"""Ids for what has no symbol, and what a symbol tells."""

from __future__ import annotations

import hashlib
from decimal import ROUND_HALF_UP, Decimal, localcontext


def cash(currency: str) -> str:
    """The symbol of cash in a currency."""
    return f"_CASH:{currency}"


def synthetic(prefix: str, stable_id: str, digits: int = 8) -> str:
    """A symbol for a line without one: `_SF:` and 8 hex digits of SHA-256 of its stable id."""
    return f"_{prefix}:{hashlib.sha256(stable_id.encode()).hexdigest()[:digits]}"


def unit_price(value: Decimal, units: Decimal) -> Decimal:
    """The price that follows from a value, to ten places. units: times the multiplier, not 0."""
    with localcontext(prec=100):
        return (value / units).quantize(Decimal("1e-10"), ROUND_HALF_UP)


def is_money_fund(symbol: str) -> bool:
    """Whether a symbol is a United States money market fund's: five letters, the last two XX."""
    return len(symbol) == 5 and symbol.isalpha() and symbol.upper().endswith("XX")
