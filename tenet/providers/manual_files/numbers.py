"""Numbers as people and spreadsheets write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tenet import sent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

_GAP = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f'\u2019](?=\d{3}(?!\d))")
_UNIT = re.compile(r"^(?:[A-Z]{3}|[$€£¥])\s*(?=[\d.,(+-])|(?<=[\d.,)])\s*(?:[A-Z]{3}|[$€£¥])$")
_PLAIN = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d{1,2})?|\.\d+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*")
_DECIMALS = re.compile(r"([.,])(?:\d{1,2}|\d{4,})\D*$")


def number(text: str, *, is_comma_decimal: bool = False) -> Decimal | None:
    """1,234.56  1.234,56  1 234,56  1'234.56  $12  12 EUR  (12.50)  -12; None for anything else.

    is_comma_decimal: how 1,234 and 1.234 are meant, which alone could be either.
    """
    text = _UNIT.sub("", _GAP.sub("", text.strip().replace("\u2212", "-")))
    sign, digits = _signed(text)
    digits = _UNIT.sub("", digits)
    plain = _with_point(digits, is_comma_decimal=is_comma_decimal)
    return sent.number(sign + plain) if plain and _PLAIN.fullmatch(plain) else None


def has_decimal_commas(texts: Iterable[str], *, unless_told: bool) -> bool:
    """How a file writes its decimals, told by the numbers that can be read in one way only."""
    marks = {found[1] for found in map(_DECIMALS.search, texts) if found}
    return marks == {","} or (not marks and unless_told)


def _signed(text: str) -> tuple[str, str]:
    if text.startswith("(") and text.endswith(")"):
        return "-", text[1:-1].strip()
    if text.endswith("-"):
        return "-", text[:-1].strip()
    if text[:1] in ("-", "+"):
        return text[0], text[1:].strip()
    return "", text


def _with_point(digits: str, *, is_comma_decimal: bool) -> str | None:
    """The digits with a point for the decimals and nothing between thousands."""
    marks = [mark for mark in digits if mark in ".,"]
    if not marks:
        return digits
    thousands = _THOUSANDS.fullmatch(digits)
    if len(set(marks)) == 2:
        whole, _, decimals = digits.rpartition(marks[-1])
        found = _THOUSANDS.fullmatch(whole)
        return f"{re.sub('[.,]', '', whole)}.{decimals}" if found else None
    if len(marks) > 1:
        return re.sub("[.,]", "", digits) if thousands else None
    if thousands and (marks[0] == ",") != is_comma_decimal:
        return digits.replace(marks[0], "")
    return digits.replace(",", ".")
