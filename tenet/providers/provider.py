"""The contract of a provider, and the registry that third parties extend by entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import httpx

    from tenet.providers.result import ProviderSyncResult


class Provider(Protocol):
    """One source of holdings.

    name: lower case, as in ids and commands. secrets: texts that must never be written anywhere.
    One whose answers are true of their own balance dates, not of the day of the sync, has a true
    `is_dated`: each such state becomes a snapshot of its own day. One whose log-in ends by itself
    says so by `login_days_left(at)`.
    """

    @property
    def name(self) -> str:
        """The provider's name."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that this provider was given."""

    def fetch(self, client: httpx.Client, *, at: datetime, pause: Callable[[float], None]) -> Any:
        """Ask for everything; the payload is plain data that `parse` understands.

        at: now. pause: how to wait between attempts. Raises ProviderSyncError when nothing is had.
        """

    def parse(self, payload: Any) -> ProviderSyncResult:
        """What the payload says. Pure; a fault in one account leaves the others."""
