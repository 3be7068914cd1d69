"""What a provider gives: accounts, holdings, activities, and what went wrong on the way.

Numbers are decimals, exactly as sent. None is unknown, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tenet.providers.ids import cash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from tenet.errors import ProviderSyncError


@dataclass(frozen=True)
class Account:
    """An account that the provider answered for.

    balance_date: the provider's own as-of: a UTC time, a bare day, or None when it gives nothing.
    total_value: as reported, in `currency`. kind: investment, deposit, liability, real_asset, ...
    """

    external_id: str
    name: str | None = None
    institution: str | None = None
    currency: str | None = None
    balance_date: datetime | date | None = None
    total_value: Decimal | None = None
    kind: str = "investment"
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Holding:
    """One line of an account, as given; duplicates are kept.

    symbol: the ticker, `_CASH:<CCY>`, or a synthetic id (tenet.providers.ids).
    quantity: signed units. price: per unit, as quoted; price_derived says that it is
    market_value / (quantity x multiplier). extra: what only some lines have (price_date, notional).
    unit_cost: as quoted. cost_basis: total, signed like the value. raw: the provider's own line.
    """

    account_external_id: str
    symbol: str
    quantity: Decimal
    name: str | None = None
    price: Decimal | None = None
    market_value: Decimal | None = None
    currency: str | None = None
    asset_type: str = "unknown"
    multiplier: Decimal | None = None
    unit_cost: Decimal | None = None
    cost_basis: Decimal | None = None
    price_derived: bool = False
    flags: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Activity:
    """Something that happened in an account.

    amount: the cash effect, in is positive. fee: positive. A sale has a negative quantity.
    activity_date: None where the provider gives none that can be. pending: not yet booked.
    """

    account_external_id: str
    external_id: str
    type: str
    activity_date: date | None
    activity_at: datetime | None = None
    settlement_date: date | None = None
    symbol: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    fee: Decimal | None = None
    currency: str | None = None
    description: str | None = None
    pending: bool = False
    flags: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AccountValue:
    """What a provider says that an account was worth at the end of a day, in `currency`."""

    account_external_id: str
    valuation_date: date
    total_value: Decimal | None = None
    cash: Decimal | None = None
    investments: Decimal | None = None
    net_contribution: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True)
class PastState:
    """All that an account held on an earlier day: like the newest state, a full one."""

    account_external_id: str
    balance_date: date
    holdings: tuple[Holding, ...] = ()


@dataclass(frozen=True)
class SyncWarning:
    """Something to know that makes no account unsafe. code: a word such as missing_price."""

    code: str
    account_external_id: str | None = None
    symbol: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProviderSyncResult:
    """One provider's answer. An account that failed is in `errors` and not in `accounts`.

    account_values: what some providers know of the days before, one row an account and day.
    history: what accounts held before `holdings`, oldest first, where a provider tells.
    """

    accounts: tuple[Account, ...] = ()
    holdings: tuple[Holding, ...] = ()
    activities: tuple[Activity, ...] = ()
    errors: tuple[ProviderSyncError, ...] = ()
    warnings: tuple[SyncWarning, ...] = ()
    account_values: tuple[AccountValue, ...] = ()
    history: tuple[PastState, ...] = ()

    @property
    def outcome(self) -> str:
        """ok; partial: some accounts and some errors; failed: errors and no account."""
        if not self.errors:
            return "ok"
        return "partial" if self.accounts else "failed"


def joined(parts: Iterable[ProviderSyncResult]) -> ProviderSyncResult:
    """The parts of one provider's answer as one result, in their order."""
    listed = list(parts)
    return ProviderSyncResult(
        accounts=tuple(row for part in listed for row in part.accounts),
        holdings=tuple(row for part in listed for row in part.holdings),
        activities=tuple(row for part in listed for row in part.activities),
        errors=tuple(row for part in listed for row in part.errors),
        warnings=tuple(row for part in listed for row in part.warnings),
        account_values=tuple(row for part in listed for row in part.account_values),
        history=tuple(row for part in listed for row in part.history),
    )


def cash_holding(
    account_external_id: str,
    currency: str,
    amount: Decimal,
    flags: tuple[str, ...] = (),
    raw: Mapping[str, Any] | None = None,
) -> Holding:
    """A line of cash: as many units as there is money, at 1 each."""
    return Holding(
        account_external_id,
        cash(currency),
        amount,
        name=f"Cash ({currency})",
        price=Decimal(1),
        market_value=amount,
        currency=currency,
        asset_type="cash",
        multiplier=Decimal(1),
        flags=flags,
        raw=raw or {},
    )
