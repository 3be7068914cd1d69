"""What is asked of a market source, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime
    from decimal import Decimal

Status = Literal["ok", "empty", "unknown", "failed"]


@dataclass(frozen=True)
class Ask:
    """The days wanted of one security, both ends included.

    symbol: the source's own name for it; None where the source is to find it.
    """

    security_id: str
    symbol: str | None
    first: date
    last: date


@dataclass(frozen=True)
class Series:
    """The answer to one ask: what the source says of days that are over.

    symbol: the source's name for it. status: ok; empty, the source knows it and has nothing for
    these days; unknown, it does not know it; failed, with the reason in message.
    currency: of closes and dividends, as sent (GBp stays GBp).
    closes: as observed, adjusted for splits. splits: new units for one old. dividends: by ex-date.
    through: the last day asked that was over at the source; a day after it is asked again.
    """

    ask: Ask
    symbol: str
    status: Status
    currency: str | None = None
    closes: tuple[tuple[date, Decimal], ...] = ()
    splits: tuple[tuple[date, Decimal], ...] = ()
    dividends: tuple[tuple[date, Decimal], ...] = ()
    through: date | None = None
    message: str | None = None


@dataclass(frozen=True)
class Rate:
    """Units of quote_currency for one unit of currency on a day."""

    currency: str
    quote_currency: str
    rate_date: date
    rate: Decimal


class PriceSource(Protocol):
    """One source of closes. name: lower case, as in `closes.source`."""

    @property
    def name(self) -> str:
        """The source's name."""

    def fetch(
        self, asks: Sequence[Ask], *, at: datetime, pause: Callable[[float], None]
    ) -> Iterator[Series]:
        """One series for each ask, in any order, as they come in.

        at: now; only days that are over at the source count. pause: how to wait.
        Raises ProviderSyncError when the source answers no more (rate_limit, auth, connection):
        what was not yielded by then is not answered.
        """


class RateSource(Protocol):
    """One source of exchange rates. name: lower case, as in `fx_rates.source`."""

    @property
    def name(self) -> str:
        """The source's name."""

    def fetch(self, first: date, *, at: datetime, pause: Callable[[float], None]) -> list[Rate]:
        """Every rate that the source has from `first` on. Raises ProviderSyncError."""
