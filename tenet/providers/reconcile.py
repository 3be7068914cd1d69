"""The lines of an account against the total that its provider reports."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tenet.providers.result import SyncWarning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenet.providers.result import Account, Holding

SHARE, LEAST = Decimal("0.005"), Decimal("1.00")


def lines_total(account: Account, holdings: Iterable[Holding]) -> Decimal | None:
    """The sum of an account's lines in its currency; None where one is unknown or foreign."""
    total = Decimal(0)
    for holding in holdings:
        if holding.account_external_id == account.external_id:
            if holding.market_value is None or holding.currency != account.currency:
                return None
            total += holding.market_value
    return total


def disagrees(reported: Decimal, found: Decimal) -> bool:
    """Whether two totals differ by more than half a percent and by more than 1.00."""
    return abs(reported - found) > max(LEAST, abs(reported) * SHARE)


def mismatch(account: Account, holdings: Iterable[Holding]) -> SyncWarning | None:
    """A balance_mismatch warning where the lines do not add up to the reported total."""
    found = lines_total(account, holdings)
    if account.total_value is None or found is None or not disagrees(account.total_value, found):
        return None
    difference = account.total_value - found
    return SyncWarning("balance_mismatch", account.external_id, detail={"difference": difference})
