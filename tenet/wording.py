"""Amounts, numbers and counts as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def money(amount: Decimal | None, currency: str = "", *, signed: bool = False) -> str:
    """An amount for people: thousands separated, cents, `unknown` where there is none."""
    if amount is None:
        return "unknown"
    text = f"{amount:+,.2f}" if signed else f"{amount:,.2f}"
    return f"{text} {currency}".rstrip()


def plain(number: Decimal | None) -> str:
    """A number without trailing zeros; `unknown` for none."""
    if number is None:
        return "unknown"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(count: int, thing: str) -> str:
    """`1 daily value`, `16,372 daily values`, `1 account`; given as one or as many."""
    one = thing.removesuffix("s")
    return f"{count:,} {one}" + ("s" if count != 1 else "")
