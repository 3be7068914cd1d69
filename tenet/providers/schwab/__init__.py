"""Schwab's Trader API: accounts with positions, their nicknames, and sixty days of transactions.

    token             the log-in by browser and its seven days
    wire              what an answer says, without account numbers
    lines, activities what an account holds, and what happened in it

Answers carry account numbers; nothing but the hash and the last three digits leaves this package.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from tenet import sent
from tenet.errors import ProviderSyncError
from tenet.http import Line, checked_base_url
from tenet.providers.result import Account, ProviderSyncResult, SyncWarning, joined
from tenet.providers.schwab.activities import activities
from tenet.providers.schwab.lines import positions, reported_cash, warnings, with_cash
from tenet.providers.schwab.token import App, access_token, days_left
from tenet.providers.schwab.wire import INSTITUTION, Json, failure, fault, masked, rows, short, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    import httpx

    from tenet.http import Answer

SPACING = 0.5  # 120 requests a minute
HISTORY = timedelta(days=60)
WARNED_DAYS = 1.0


@dataclass(frozen=True)
class Payload:
    """The bodies of one sync, as they came.

    preference: None when the nicknames could not be had. transactions: by account hash, or what
    went wrong. login_days_left: until someone must log in again.
    """

    account_numbers: bytes
    preference: bytes | None
    accounts: bytes
    transactions: Mapping[str, bytes | ProviderSyncError] = field(default_factory=dict)
    login_days_left: float | None = None


@dataclass(frozen=True)
class Schwab:
    """The accounts of one log-in at Schwab. token_file: see tenet.providers.schwab.token."""

    app_key: str = field(repr=False)
    app_secret: str = field(repr=False)
    token_file: Path
    base_url: str = "https://api.schwabapi.com"
    name: ClassVar[str] = "schwab"

    @property
    def app(self) -> App:
        """The registered app, as the log-in needs it."""
        return App(self.app_key, self.app_secret, self.token_file)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The app's key and secret, and the tokens of the log-in."""
        return self.app.secrets

    def login_days_left(self, at: datetime) -> float | None:
        """Days until the next log-in is due; None without a token file."""
        return days_left(self.token_file, at)

    def fetch(
        self, client: httpx.Client, *, at: datetime, pause: Callable[[float], None]
    ) -> Payload:
        """Ask for account numbers, nicknames, accounts with positions, and transactions.

        Raises ProviderSyncError when the log-in is over or the accounts cannot be had; nicknames
        and transactions are left out where they cannot.
        """
        base_url = checked_base_url("schwab.base_url", self.base_url)
        calls = _Calls(Line(client, base_url, spacing=SPACING, pause=pause), self.app, at)
        numbers = calls.get("/accounts/accountNumbers")
        preference = calls.tried("/userPreference")
        accounts = calls.get("/accounts", {"fields": "positions"})
        return Payload(
            numbers,
            preference if isinstance(preference, bytes) else None,
            accounts,
            _transactions(calls, _hashes(numbers).values(), at),
            days_left(self.token_file, at),
        )

    def parse(self, payload: Payload) -> ProviderSyncResult:
        """What the payload says. Raises ProviderSyncError when it holds no list of accounts."""
        hashes = _hashes(payload.account_numbers)
        entries = rows(payload.accounts)
        hidden = [*hashes, *filter(None, map(_number_of, entries))]
        names = _nicknames(payload.preference, hidden)
        parts = [ProviderSyncResult(warnings=tuple(_general_warnings(payload, names)))]
        for entry in entries:
            try:
                parts.append(_account(entry, hidden, hashes, names or {}))
            except ProviderSyncError as error:
                parts.append(ProviderSyncResult(errors=(error,)))
        landed = {account.external_id for part in parts for account in part.accounts}
        parts += [
            activities(external_id, answer, hidden)
            for external_id, answer in payload.transactions.items()
            if external_id in landed or isinstance(answer, ProviderSyncError)
        ]
        return joined(parts)


@dataclass
class _Calls:
    """Questions with the log-in's token, which is renewed once when it is refused."""

    line: Line
    app: App
    at: datetime
    is_renewed: bool = False

    def get(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        answer = self._ask(path, params)
        if answer.status == 401 and not self.is_renewed:
            self.is_renewed = True
            access_token(self.line, self.app, self.at, renewed=True)
            answer = self._ask(path, params)
        if not answer.is_ok:
            raise failure(answer, self.app.secrets)
        return answer.body

    def tried(
        self, path: str, params: Mapping[str, str] | None = None
    ) -> bytes | ProviderSyncError:
        try:
            return self.get(path, params)
        except ProviderSyncError as error:
            return error

    def _ask(self, path: str, params: Mapping[str, str] | None) -> Answer:
        headers = {"authorization": f"Bearer {access_token(self.line, self.app, self.at)}"}
        return self.line.ask("GET", f"/trader/v1{path}", params=params, headers=headers)


def _transactions(
    calls: _Calls, hashes: Iterable[str], at: datetime
) -> dict[str, bytes | ProviderSyncError]:
    days = {"startDate": _stamp(at - HISTORY), "endDate": _stamp(at)}
    answers: dict[str, bytes | ProviderSyncError] = {}
    for external_id in hashes:
        path = f"/accounts/{quote(external_id, safe='')}/transactions"
        answers[external_id] = answer = calls.tried(path, days)
        # A host that is down or throttles has been asked often enough: no more of it.
        if isinstance(answer, ProviderSyncError) and answer.retriable:
            break
    return answers


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _account(
    entry: Json, hidden: list[str], hashes: Mapping[str, str], names: Mapping[str, str]
) -> ProviderSyncResult:
    number = _number_of(entry)
    if not number:
        raise fault("malformed", "an account without a number")
    if number not in hashes:
        raise fault("no_account_hash", f"account {short(number)} has no hash")
    external_id, entry = hashes[number], masked(entry, hidden)
    given = sent.fields(entry.get("securitiesAccount"))
    balances = sent.fields(given.get("currentBalances"))
    total = _total(entry, balances)
    if total is None and reported_cash(balances) is None:
        raise fault("missing_balances", "balances are missing", external_id, retriable=True)
    kind = str(given.get("type") or "account").capitalize()
    name = names.get(number) or f"{kind} {short(number)}"
    account = Account(external_id, name, INSTITUTION, "USD", total_value=total)
    held, errors = positions(external_id, given.get("positions"))
    lines = with_cash(account, held, balances, is_whole=not errors)
    return ProviderSyncResult(
        accounts=(account,),
        holdings=tuple(lines),
        errors=tuple(errors),
        warnings=tuple(warnings(account, lines)),
    )


def _total(entry: Json, balances: Json) -> Decimal | None:
    together = sent.fields(entry.get("aggregatedBalance"))
    names = ("currentLiquidationValue", "liquidationValue")
    given = [balances.get("liquidationValue"), *map(together.get, names)]
    return next((total for total in map(sent.number, given) if total is not None), None)


def _general_warnings(payload: Payload, names: Mapping[str, str] | None) -> Iterator[SyncWarning]:
    if names is None:
        yield SyncWarning("nicknames_unavailable")
    if payload.login_days_left is not None and payload.login_days_left <= WARNED_DAYS:
        days = Decimal(str(round(payload.login_days_left, 2)))
        yield SyncWarning("log_in_again", detail={"days_left": days})


def _nicknames(preference: bytes | None, hidden: list[str]) -> dict[str, str] | None:
    """The names that people gave, by account number; None where they could not be had."""
    try:
        said = sent.fields(sent.json_body(preference or b""))
        given = [sent.fields(row) for row in sent.rows(said.get("accounts"))]
    except ProviderSyncError:
        return None
    pairs = [(text(row.get("accountNumber")), text(row.get("nickName"))) for row in given]
    return {number: masked(name, hidden) for number, name in pairs if number and name}


def _hashes(account_numbers: bytes) -> dict[str, str]:
    given = [sent.fields(row) for row in rows(account_numbers)]
    pairs = [(text(row.get("accountNumber")), text(row.get("hashValue"))) for row in given]
    return {number: external_id for number, external_id in pairs if number and external_id}


def _number_of(entry: Any) -> str:
    account = sent.fields(sent.fields(entry).get("securitiesAccount"))
    return text(account.get("accountNumber")) or ""
