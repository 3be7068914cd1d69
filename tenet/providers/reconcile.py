"""The lines of an account against the total that its provider reports."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tenet.providers.result import SyncWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tenet.providers.result import Account, Holding

SHARE, LEAST, ROUNDING = Decimal("0.005"), Decimal("1.00"), Decimal("0.05")


def lines_total(
    account: Account, holdings: Iterable[Holding], rates: Mapping[str, Decimal] | None = None
) -> Decimal | None:
    """The sum of an account's lines in its currency; None where one is unknown or foreign.

    rates: what a unit of a foreign currency is worth in the account's, where the provider says so.
    """
    total = Decimal(0)
    for holding in holdings:
        if holding.account_external_id == account.external_id:
            own = holding.currency == account.currency
            rate = Decimal(1) if own else (rates or {}).get(holding.currency or "")
            if holding.market_value is None or rate is None:
                return None
            total += holding.market_value * rate
    return total


def disagrees(reported: Decimal, found: Decimal) -> bool:
    """Whether two totals differ by more than half a percent and by more than 1.00."""
    return abs(reported - found) > max(LEAST, abs(reported) * SHARE)


def mismatch(
    account: Account, holdings: Iterable[Holding], rates: Mapping[str, Decimal] | None = None
) -> SyncWarning | None:
    """A balance_mismatch warning where the lines do not add up to the reported total.

    That is by 1.00, or by half a percent where that is more than rounding.
    """
    found = lines_total(account, holdings, rates)
    if account.total_value is None or found is None:
        return None
    difference = account.total_value - found
    if abs(difference) < min(LEAST, max(ROUNDING, abs(account.total_value) * SHARE)):
        return None
    return SyncWarning("balance_mismatch", account.external_id, detail={"difference": difference})
