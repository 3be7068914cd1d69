"""Reading an answer row by row: what cannot be read is told, and the rest lands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tenet.errors import ProviderSyncError
from tenet.providers.result import ProviderSyncResult, SyncWarning
from tenet.providers.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tenet.providers.result import Account, Activity, Holding

RowT = TypeVar("RowT")
T = TypeVar("T")


@dataclass
class Draft:
    """A result in the making. secrets: never repeated in an error."""

    institution: str
    secrets: tuple[str, ...] = field(repr=False)
    accounts: list[Account] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    errors: list[ProviderSyncError] = field(default_factory=list)
    warnings: list[SyncWarning] = field(default_factory=list)

    def read(
        self,
        account_external_id: str | None,
        rows: Iterable[RowT],
        reader: Callable[[RowT], Iterable[T | SyncWarning]],
    ) -> list[T]:
        """What a reader makes of rows, but for its warnings, which are kept here.

        A row whose reading raises ValueError becomes an error that says which.
        """
        found: list[T] = []
        for row in rows:
            try:
                for item in reader(row):
                    if isinstance(item, SyncWarning):
                        self.warnings.append(item)
                    else:
                        found.append(item)
            except (ValueError, ArithmeticError) as error:
                self.refuse(
                    ProviderSyncError(
                        "data",
                        scrub(f"cannot read {error}", self.secrets),
                        code="malformed_row",
                        account_external_id=account_external_id,
                    )
                )
        return found

    def refuse(self, error: ProviderSyncError) -> None:
        """Keep an error, as one of this institution."""
        error.institution = error.institution or self.institution
        self.errors.append(error)

    def result(self) -> ProviderSyncResult:
        """The finished result."""
        return ProviderSyncResult(
            tuple(self.accounts),
            tuple(self.holdings),
            tuple(self.activities),
            tuple(self.errors),
            tuple(self.warnings),
        )
