"""What a provider gives: accounts, holdings, activities, and what went wrong on the way.

Numbers are decimals, exactly as sent. None is unknown, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

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
    """

    account_external_id: str
    external_id: str
    type: str
    activity_date: date
    activity_at: datetime | None = None
    settlement_date: date | None = None
    symbol: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    fee: Decimal | None = None
    currency: str | None = None
    description: str | None = None
    flags: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SyncWarning:
    """Something to know that makes no account unsafe. code: a word such as missing_price."""

    code: str
    account_external_id: str | None = None
    symbol: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProviderSyncResult:
    """One provider's answer. An account that failed is in `errors` and not in `accounts`."""

    accounts: tuple[Account, ...] = ()
    holdings: tuple[Holding, ...] = ()
    activities: tuple[Activity, ...] = ()
    errors: tuple[ProviderSyncError, ...] = ()
    warnings: tuple[SyncWarning, ...] = ()

    @property
    def outcome(self) -> str:
        """ok; partial: some accounts and some errors; failed: errors and no account."""
        if not self.errors:
            return "ok"
        return "partial" if self.accounts else "failed"
