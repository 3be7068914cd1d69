"""Numbers of a source as they can be kept: ten places, and eighteen digits before them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_PLACES, _DIGITS = 10, 18


def kept(value: Decimal) -> Decimal | None:
    """A finite number as sent, rounded half away from zero where it has more than ten places.

    None where nothing of it would be left, or where it has too many digits.
    """
    if value.adjusted() >= _DIGITS:
        return None
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -_PLACES:
        return value
    rounded = value.quantize(Decimal(1).scaleb(-_PLACES), ROUND_HALF_UP)
    return rounded if rounded or not value else None
