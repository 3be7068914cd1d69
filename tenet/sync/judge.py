"""The sync rules: what becomes of each account of one provider's answer. Pure.

In order, first that applies: skipped, error, stale, quarantined, success. A provider's account that
could not be mapped is `failed`; an inactive account is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from tenet.providers.reconcile import disagrees, lines_total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenet.errors import ProviderSyncError
    from tenet.providers.result import Account, Holding, ProviderSyncResult
    from tenet.sync.known import Known

NOT_RETURNED = "Account not returned by provider - connection may need attention"
EMPTY_REPLY = "The provider answered with no accounts at all, though some are known"


@dataclass(frozen=True)
class Verdict:
    """What becomes of one account in one sync.

    status: as in the dataset account_syncs. account and holdings: what to land; None and empty
    where the provider said nothing. A success and a quarantined account become a snapshot.
    """

    account_id: str
    status: str
    error: str | None = None
    account: Account | None = None
    holdings: tuple[Holding, ...] = ()

    @property
    def has_snapshot(self) -> bool:
        """Whether the account lands a snapshot."""
        return self.status in ("success", "quarantined")


def judge(provider: str, result: ProviderSyncResult, known: Mapping[str, Known]) -> list[Verdict]:
    """A verdict for each account that the provider returned and each that it should have.

    known: the provider's accounts in the lake, by account id.
    """
    returned = {f"{provider}:{account.external_id}": account for account in result.accounts}
    verdicts = []
    for account_id, account in returned.items():
        before = known.get(account_id)
        if before is None or before.is_active:
            lines = tuple(
                line for line in result.holdings if line.account_external_id == account.external_id
            )
            verdicts.append(_returned(account_id, account, lines, result.errors, before))
    for account_id, before in known.items():
        if account_id not in returned and before.is_active:
            verdicts.append(_missing(provider, before, result))
    return verdicts


def _missing(provider: str, known: Known, result: ProviderSyncResult) -> Verdict:
    for error in result.errors:
        if f"{provider}:{error.account_external_id}" == known.account_id:
            return Verdict(known.account_id, "error", str(error))
    if not result.accounts and not result.errors:
        return Verdict(known.account_id, "quarantined", EMPTY_REPLY)
    if not result.accounts:
        everyone = [error for error in result.errors if _concerns_everyone(error)]
        if everyone:
            return Verdict(known.account_id, "error", str(everyone[0]))
    return Verdict(known.account_id, "skipped", NOT_RETURNED)


def _returned(
    account_id: str,
    account: Account,
    holdings: tuple[Holding, ...],
    errors: Sequence[ProviderSyncError],
    known: Known | None,
) -> Verdict:
    if not holdings and (error := _matching(account, errors)):
        return Verdict(account_id, "error", str(error), account)
    as_of = moment(account.balance_date)
    if known and known.balance_date and as_of and as_of <= known.balance_date:
        return Verdict(account_id, "stale", None, account)
    if problem := _contradiction(account, holdings, known):
        return Verdict(account_id, "quarantined", problem, account, holdings)
    return Verdict(account_id, "success", None, account, holdings)


def _matching(account: Account, errors: Sequence[ProviderSyncError]) -> ProviderSyncError | None:
    """The error that names the account, else its institution, whatever the case of the letters."""
    for error in errors:
        if error.account_external_id == account.external_id:
            return error
    institution = (account.institution or "").casefold()
    for error in errors:
        named = error.institution if error.account_external_id is None else None
        if named and named.casefold() == institution:
            return error
    return None


def _contradiction(
    account: Account, holdings: tuple[Holding, ...], known: Known | None
) -> str | None:
    """Why the lines cannot be all there is: the provider's own total says otherwise."""
    total = account.total_value
    if total is None:
        return None
    if not holdings:
        if disagrees(total, Decimal(0)):
            return f"No holdings, though the provider's own total is {total:,.2f}"
        return None
    if known is None or len({line.symbol for line in holdings}) >= known.holding_count:
        return None
    found = lines_total(account, holdings)
    if found is None:
        unchanged = known.total_value is not None and not disagrees(known.total_value, total)
    else:
        unchanged = disagrees(total, found)
    if not unchanged:
        return None
    return f"{len(holdings)} holdings instead of {known.holding_count}, yet a total of {total:,.2f}"


def _concerns_everyone(error: ProviderSyncError) -> bool:
    return error.account_external_id is None and error.institution is None


def moment(when: datetime | date | None) -> datetime | None:
    """A balance date as a moment: a bare day is its midnight in UTC."""
    if when is None or isinstance(when, datetime):
        return when
    return datetime.combine(when, time(), UTC)
