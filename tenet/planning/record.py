"""What a walk keeps beyond its outcome, for few paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenet.planning.plan import Floats


@dataclass
class Detail:
    """What happened in each bucket in each year, (Y, K, N), money of the basis year."""

    paid_in: Floats
    growth: Floats
    """What it earned; negative where it lost."""
    withdrawn: Floats
    """Before tax."""
    tax: Floats
    balance: Floats
    """At the end of the year."""


@dataclass
class Record:
    """What each path did at each step: lists of T arrays (N,); price may be a number."""

    wealth: list[Floats]
    spending: list[Floats]
    is_short: list[Any]
    price: list[Any]
