"""Manual files: a folder of CSV and YAML statements, kept by hand or exported from somewhere.

    reading, numbers  a file as rows of text with their line numbers; numbers as people write them
    lines             what a row says, and all that is wrong with it

In CSV each `as_of` is a full snapshot of its account. In YAML an account is written as it stands:
one snapshot, as of its newest line. An account with a row that cannot be read is left out whole: a
snapshot that lacks a line would land as a sale, and the mended file would then be no newer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from tenet.errors import ProviderSyncError
from tenet.http import LARGEST
from tenet.providers.manual_files.lines import activity_of, line_of
from tenet.providers.manual_files.reading import Declared, Statement, read, refused
from tenet.providers.reconcile import disagrees
from tenet.providers.result import (
    Account,
    Activity,
    PastState,
    ProviderSyncResult,
    SyncWarning,
    joined,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date, datetime
    from pathlib import Path

    import httpx

    from tenet.providers.result import Holding

Payload = dict[str, bytes | ProviderSyncError]
"""The files of the folder by name, or why one could not be read."""

INSTITUTION = "Manual"
_SUFFIXES = (".csv", ".yaml", ".yml")


@dataclass(frozen=True)
class ManualFiles:
    """The statements of one folder; folders in it are not looked into."""

    folder: Path
    name: ClassVar[str] = "manual"
    secrets: ClassVar[tuple[str, ...]] = ()
    is_dated: ClassVar[bool] = True

    def fetch(
        self, client: httpx.Client, *, at: datetime, pause: Callable[[float], None]
    ) -> Payload:
        """Read the folder; no host is asked. Raises ProviderSyncError when it cannot be read."""
        del client, at, pause
        try:
            paths = sorted(path for path in self.folder.iterdir() if _is_statement(path))
        except OSError as error:
            raise refused("no_folder", f"the folder cannot be read: {error.strerror}") from error
        return {path.name: _content(path) for path in paths}

    def parse(self, payload: Payload) -> ProviderSyncResult:
        """What the files say: accounts, their newest state and history, and activities.

        An error for each file and each row that cannot be read, all at once.
        """
        statements, errors = [], []
        for name, content in payload.items():
            try:
                statements.append(read(name, content))
            except ProviderSyncError as error:
                errors.append(error)
        errors += [error for statement in statements for error in statement.errors]
        accounts: dict[str, Declared] = {}
        for statement in statements:
            for account in statement.accounts:
                accounts.setdefault(account.external_id, account)
        return joined(
            [
                ProviderSyncResult(errors=tuple(errors)),
                *(_account(account, statements) for account in accounts.values()),
                _activities(statements),
            ]
        )


def _is_statement(path: Path) -> bool:
    """Whether a file is one of ours; hidden files and those of open spreadsheets are not."""
    return path.suffix.lower() in _SUFFIXES and path.name[0] not in ".~" and path.is_file()


def _content(path: Path) -> bytes | ProviderSyncError:
    try:
        if path.stat().st_size > LARGEST:
            return refused("too_large", f"{path.name}: the file is too large")
        return path.read_bytes()
    except OSError as error:
        return refused("unreadable", f"{path.name}: {error.strerror}")


def _account(account: Declared, statements: Iterable[Statement]) -> ProviderSyncResult:
    states: dict[date, list[Holding]] = {}
    errors: list[ProviderSyncError] = []
    for statement in statements:
        found, wrong = _states(account, statement)
        errors += wrong
        for as_of in states.keys() & found.keys():
            problem = f"{statement.name}: {account.external_id} on {as_of} is in another file too"
            errors.append(refused("conflict", problem, account.external_id))
        states |= found
    if errors:
        return ProviderSyncResult(errors=tuple(errors))
    days = sorted(states)
    holdings = states[days[-1]] if days else []
    landed = Account(
        account.external_id,
        account.name or account.external_id,
        account.institution or INSTITUTION,
        account.currency or (holdings[0].currency if holdings else None),
        balance_date=days[-1] if days else None,
        kind=account.kind or "investment",
    )
    return ProviderSyncResult(
        accounts=(landed,),
        holdings=tuple(holdings),
        warnings=tuple(_warnings(holdings)),
        history=tuple(PastState(account.external_id, day, tuple(states[day])) for day in days[:-1]),
    )


def _states(
    account: Declared, statement: Statement
) -> tuple[dict[date, list[Holding]], list[ProviderSyncError]]:
    """What one file says that the account held, by day, and the rows that cannot be read."""
    lines, errors = [], []
    for row in statement.holdings.get(account.external_id, ()):
        try:
            lines.append(line_of(row))
        except ProviderSyncError as error:
            errors.append(error)
    if statement.is_as_it_stands and lines:
        newest = max(as_of for as_of, _ in lines)
        dated = [
            replace(holding, extra={"price_date": as_of.isoformat()}) for as_of, holding in lines
        ]
        return {newest: dated}, errors
    states: dict[date, list[Holding]] = {}
    for as_of, holding in lines:
        states.setdefault(as_of, []).append(holding)
    return states, errors


def _warnings(holdings: list[Holding]) -> Iterator[SyncWarning]:
    for holding in holdings:
        if holding.market_value is None and holding.quantity:
            yield SyncWarning("missing_price", holding.account_external_id, holding.symbol)
        if holding.price is not None and holding.market_value is not None:
            found = holding.quantity * holding.price * (holding.multiplier or 1)
            if disagrees(holding.market_value, found):
                detail = {"difference": holding.market_value - found}
                yield SyncWarning(
                    "value_mismatch", holding.account_external_id, holding.symbol, detail
                )
    counts = Counter((holding.account_external_id, holding.symbol) for holding in holdings)
    for (external_id, symbol), count in counts.items():
        if count > 1:
            yield SyncWarning("duplicate_symbol", external_id, symbol)


def _activities(statements: Iterable[Statement]) -> ProviderSyncResult:
    """Activities by their content; two that are alike have happened twice."""
    found: list[Activity] = []
    errors: list[ProviderSyncError] = []
    counts: Counter[str] = Counter()
    for row in (row for statement in statements for row in statement.activities):
        try:
            activity = activity_of(row)
        except ProviderSyncError as error:
            errors.append(error)
            continue
        counts[activity.external_id] += 1
        if (count := counts[activity.external_id]) > 1:
            activity = replace(activity, external_id=f"{activity.external_id}:{count}")
        found.append(activity)
    return ProviderSyncResult(activities=tuple(found), errors=tuple(errors))
