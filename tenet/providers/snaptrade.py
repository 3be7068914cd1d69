"""SnapTrade: brokerage accounts behind a signed REST API.

Accounts come from /accounts, positions from /accounts/{id}/positions/all. Where the host no longer
serves these, /accounts/all and the older /accounts/{id}/holdings stand in, without activities.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from tenet import sent
from tenet.errors import ProviderSyncError
from tenet.http import Answer, Line, category_of, checked_base_url
from tenet.providers import ids
from tenet.providers.result import (
    Account,
    Activity,
    Holding,
    ProviderSyncResult,
    SyncWarning,
    cash_holding,
    joined,
)
from tenet.providers.scrub import scrub
from tenet.providers.snaptrade_lines import (
    account_lines,
    activity,
    currency_code,
    moment,
    older_positions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import httpx

Json = dict[str, Any]
Payload = dict[str, Answer | ProviderSyncError]
"""What came back, by the path asked; a page of activities by path?offset."""

SPACING = 60 / 250
PAGE, MOST_ACTIVITIES = 1000, 1_000_000
_GONE, _NO_SUCH_ACCOUNT, _FEATURE_OFF, _DISABLED = (404, 410, 501), "1011", "1141", "3003"
_KINDS = {
    "investment": "investment",
    "deposit": "deposit",
    "line_of_credit": "liability",
    "annuity": "annuity",
}


@dataclass(frozen=True)
class SnapTrade:
    """A SnapTrade user. Personal keys have no user_id and no user_secret."""

    client_id: str
    consumer_key: str = field(repr=False)
    user_id: str | None = None
    user_secret: str | None = field(default=None, repr=False)
    base_url: str = "https://api.snaptrade.com"
    name: ClassVar[str] = "snaptrade"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key that signs, and the user's secret."""
        return tuple(filter(None, (self.consumer_key, self.user_secret)))

    def fetch(
        self, client: httpx.Client, *, at: datetime, pause: Callable[[float], None]
    ) -> Payload:
        """Ask for connections, accounts, and each account's positions, cash and activities.

        Raises ProviderSyncError when the connections or the list of accounts cannot be had.
        """
        host = checked_base_url("snaptrade.base_url", self.base_url)
        line = Line(client, host, spacing=SPACING, pause=pause, wait_of=_asked_wait)
        started = time.monotonic()
        payload: Payload = {}

        def sign(request: httpx.Request) -> None:
            # A retry may go out minutes after `at`; the host refuses an old timestamp.
            self._sign(request, at + timedelta(seconds=time.monotonic() - started))

        def ask(path: str, offset: int | None = None) -> Answer | ProviderSyncError:
            page = {"offset": str(offset), "limit": str(PAGE)} if offset is not None else None
            key = path if offset is None else f"{path}?{offset}"
            try:
                payload[key] = line.ask("GET", path, params=page, sign=sign)
            except ProviderSyncError as error:
                payload[key] = error
            return payload[key]

        ask("/authorizations")
        self._connections(payload)
        if _is_gone(ask("/accounts")):
            ask("/accounts/all")
        for entry in self._listed(payload):
            if _why_left_out(entry) is None and _kind(entry) == "investment":
                self._ask_account(ask, payload, _path(entry))
        return payload

    def parse(self, payload: Payload) -> ProviderSyncResult:
        """What the payload says. Raises ProviderSyncError when it holds no list of accounts."""
        connections = self._connections(payload)
        parts = [self._disabled(connection) for connection in connections.values()]
        entries: dict[str | None, Json] = {}
        for entry in self._listed(payload):
            entries.setdefault(sent.text(entry.get("id")), entry)
        parts += [self._account(entry, connections, payload) for entry in entries.values()]
        return joined(parts)

    def _sign(self, request: httpx.Request, now: datetime) -> None:
        who = {"clientId": self.client_id, "timestamp": str(int(now.timestamp()))}
        if self.user_id and self.user_secret:
            who |= {"userId": self.user_id, "userSecret": self.user_secret}
        request.url = request.url.copy_merge_params(who)
        path, _, query = request.url.raw_path.decode().partition("?")
        request.headers["signature"] = signature(self.consumer_key, path, query)

    def _ask_account(
        self, ask: Callable[..., Answer | ProviderSyncError], payload: Payload, path: str
    ) -> None:
        if _is_gone(ask(f"{path}/positions/all")):
            ask(f"{path}/holdings")
            return
        try:
            self._positions(payload, path)
        except ProviderSyncError:
            return  # parse tells it; without positions the rest is of no use
        ask(f"{path}/balances")
        offset = None if "/accounts/all" in payload else 0
        while offset is not None:
            ask(f"{path}/activities", offset)
            offset = self._next_page(payload, path, offset)

    def _next_page(self, payload: Payload, path: str, offset: int) -> int | None:
        """Where the next page of activities begins; None after the last, or one that failed."""
        try:
            page = sent.fields(self._body(payload, f"{path}/activities?{offset}"))
            count = len(sent.rows(page.get("data")))
        except ProviderSyncError:
            return None
        total = sent.number(sent.fields(page.get("pagination")).get("total"))
        # The host may give fewer than were asked for: only the count of what came moves on.
        after = offset + count
        is_last = count < PAGE if total is None else after >= total
        return None if is_last or not count or after > MOST_ACTIVITIES else after

    def _connections(self, payload: Payload) -> dict[str | None, Json]:
        listed = map(sent.fields, sent.rows(self._body(payload, "/authorizations")))
        return {sent.text(connection.get("id")): connection for connection in listed}

    def _listed(self, payload: Payload) -> list[Json]:
        if "/accounts/all" in payload:
            listed = sent.fields(self._body(payload, "/accounts/all")).get("results")
        else:
            listed = self._body(payload, "/accounts")
        return [sent.fields(entry) for entry in sent.rows(listed)]

    def _positions(self, payload: Payload, path: str) -> tuple[list[Json], Any]:
        """The positions of an account, and when they were had."""
        if f"{path}/holdings" in payload:
            return older_positions(sent.fields(self._body(payload, f"{path}/holdings"))), None
        body = sent.fields(self._body(payload, f"{path}/positions/all"))
        as_of = sent.fields(body.get("data_freshness")).get("as_of")
        return [sent.fields(row) for row in sent.rows(body.get("results"))], as_of

    def _balances(self, payload: Payload, path: str) -> list[Any]:
        if f"{path}/holdings" in payload:
            return sent.rows(sent.fields(self._body(payload, f"{path}/holdings")).get("balances"))
        return sent.rows(self._body(payload, f"{path}/balances"))

    def _body(self, payload: Payload, path: str) -> Any:
        """The JSON of an answer. Raises ProviderSyncError for a failure or what is no JSON."""
        answer = payload.get(path)
        if not isinstance(answer, Answer):
            raise answer or ProviderSyncError("data", "was not asked", code="malformed")
        if not answer.is_ok:
            raise self._fault(answer)
        return sent.json_body(answer.body)

    def _fault(self, answer: Answer) -> ProviderSyncError:
        said = _said(answer)
        code = sent.text(said.get("code")) or sent.text(said.get("default_code"))
        details = map(sent.text, map(said.get, ("detail", "default_detail", "error")))
        text = next(filter(None, details), f"SnapTrade answered with status {answer.status}")
        category, retriable = category_of(answer.status)
        is_page = answer.body.lstrip()[:1] == b"<"
        if answer.status == 409 or (answer.status == 403 and is_page):
            category, retriable = "connection", True  # another call is running; a gateway's page
        elif code == _FEATURE_OFF or (answer.status == 501 and said):
            category, retriable = "data", False
        return ProviderSyncError(
            category,
            scrub(text, self.secrets),
            retriable=retriable,
            code="redirect" if 300 <= answer.status < 400 else code,
            retry_after=_asked_wait(answer),
        )

    def _clean(self, value: Any) -> str | None:
        """Provider text for people."""
        text = sent.text(value)
        return scrub(text, self.secrets) if text else None

    def _disabled(self, connection: Json) -> ProviderSyncResult:
        """A disabled connection goes on answering with old data: only this tells."""
        if not connection.get("disabled"):
            return ProviderSyncResult()
        institution = self._clean(sent.fields(connection.get("brokerage")).get("name"))
        when = moment(connection.get("disabled_date"))
        since = f" since {when:%Y-%m-%d}" if when else ""
        text = f"the connection to {institution or 'an institution'} is disabled{since}"
        error = ProviderSyncError("auth", text, code=_DISABLED, institution=institution)
        return ProviderSyncResult(errors=(error,))

    def _account(
        self, entry: Json, connections: Mapping[str | None, Json], payload: Payload
    ) -> ProviderSyncResult:
        link = sent.text(entry.get("brokerage_authorization") or entry.get("connection_id"))
        brokerage = sent.fields(connections.get(link, {}).get("brokerage"))
        institution = self._clean(entry.get("institution_name")) or self._clean(
            brokerage.get("name")
        )
        external_id = sent.text(entry.get("id"))
        if external_id is None:
            error = ProviderSyncError("data", "an account has no id", code="malformed")
            return ProviderSyncResult(errors=(_placed(error, institution, None),))
        if reason := _why_left_out(entry):
            return ProviderSyncResult(warnings=(SyncWarning(reason, external_id),))
        total = sent.fields(
            sent.fields(entry.get("balance")).get("total") or entry.get("net_value")
        )
        account = Account(
            external_id,
            name=self._clean(entry.get("name") or entry.get("display_name") or _masked(entry)),
            institution=institution,
            currency=currency_code(total.get("currency")),
            balance_date=moment(_synced(entry).get("last_successful_sync")),
            total_value=sent.number(total.get("amount")),
            kind=_kind(entry) or "investment",
        )
        try:
            if account.kind != "investment":
                return _by_total(account, total)
            return self._investment(account, entry, total, payload)
        except ProviderSyncError as error:
            return ProviderSyncResult(errors=(_placed(error, institution, external_id),))

    def _investment(
        self, account: Account, entry: Json, total: Json, payload: Payload
    ) -> ProviderSyncResult:
        path, synced = _path(entry), _synced(entry)
        positions, as_of = self._positions(payload, path)
        if synced.get("initial_sync_completed") is False:
            return ProviderSyncResult(warnings=(SyncWarning("not_ready", account.external_id),))
        account = replace(account, balance_date=account.balance_date or moment(as_of))
        if synced.get("holdings_unavailable") and not positions:
            result = _by_total(replace(account, flags=("holdings_unavailable",)), total)
            warning = SyncWarning("holdings_unavailable", account.external_id)
            result = replace(result, warnings=(warning,))
        else:
            balances = self._balances(payload, path)
            result = account_lines(account, positions, balances, self._clean)
        return joined([result, self._activities(account, path, payload)])

    def _activities(self, account: Account, path: str, payload: Payload) -> ProviderSyncResult:
        """The activities of all pages, each id once. What fails here loses no holding."""
        found: dict[str, Activity] = {}
        warnings: list[SyncWarning] = []
        errors: list[ProviderSyncError] = []
        for key in payload:
            if not key.startswith(f"{path}/activities?"):
                continue
            try:
                rows = sent.rows(sent.fields(self._body(payload, key)).get("data"))
            except ProviderSyncError as error:
                errors.append(_placed(error, account.institution, account.external_id))
                continue
            for row in rows:
                one, warning = activity(account, sent.fields(row), self._clean)
                if one is None or one.external_id not in found:
                    warnings += filter(None, [warning])
                if one is not None:
                    found.setdefault(one.external_id, one)
        return ProviderSyncResult(
            activities=tuple(found.values()), errors=tuple(errors), warnings=tuple(warnings)
        )


def signature(key: str, path: str, query: str, content: Json | None = None) -> str:
    """The Signature header of a request, by its path and query exactly as they are sent."""
    signed = {"content": content or None, "path": path, "query": query}
    text = json.dumps(signed, separators=(",", ":"), sort_keys=True)
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def _asked_wait(answer: Answer) -> float | None:
    """The seconds that an answer asks us to wait; of a refusal the text and own header count."""
    if answer.retry_after is not None or answer.status != 429:
        return answer.retry_after
    told = re.search(rb"available in (\d{1,6}) second", answer.body)
    given = told[1].decode() if told else answer.headers.get("x-ratelimit-reset", "")
    return float(given) if given.isdecimal() else None


def _said(answer: Answer) -> Json:
    """What an error's body says, if it is SnapTrade's own."""
    try:
        return sent.fields(sent.json_body(answer.body))
    except ProviderSyncError:
        return {}


def _is_gone(answer: Answer | ProviderSyncError) -> bool:
    """Whether the host no longer serves this path, which is not the same as an unknown account."""
    return (
        isinstance(answer, Answer)
        and answer.status in _GONE
        and sent.text(_said(answer).get("code")) != _NO_SUCH_ACCOUNT
    )


def _placed(
    error: ProviderSyncError, institution: str | None, external_id: str | None
) -> ProviderSyncError:
    """The same error, with the institution and the account that it concerns."""
    return ProviderSyncError(
        error.category,
        str(error),
        retriable=error.retriable,
        code=error.code,
        institution=institution,
        account_external_id=external_id,
        retry_after=error.retry_after,
    )


def _path(entry: Json) -> str:
    return f"/accounts/{quote(sent.text(entry.get('id')) or '', safe='')}"


def _kind(entry: Json) -> str | None:
    return _KINDS.get(sent.text(entry.get("kind")) or "investment")


def _synced(entry: Json) -> Json:
    return sent.fields(sent.fields(entry.get("sync_status")).get("holdings"))


def _why_left_out(entry: Json) -> str | None:
    """The warning of an account that is not read."""
    if (sent.text(entry.get("status")) or "").lower() in ("closed", "archived"):
        return "account_closed"
    if entry.get("is_paper") is True:
        return "paper_account_skipped"
    return None if _kind(entry) else "unknown_kind"


def _masked(entry: Json) -> str:
    """Kind and last four digits; the full number of an account is never landed."""
    number = sent.text(entry.get("number")) or sent.text(entry.get("masked_account_number"))
    ending = f"****{number[-4:]}" if number else None
    return " ".join(filter(None, [sent.text(entry.get("raw_type")), ending]))


def _by_total(account: Account, raw: Json) -> ProviderSyncResult:
    """An account of which the total is all that is known. Raises ProviderSyncError without one."""
    total, currency = account.total_value, account.currency
    if total is None or currency is None:
        text = "neither holdings nor a total are given"
        raise ProviderSyncError("data", text, code="missing_balances", retriable=True)
    if account.kind == "liability":
        total = -abs(total)  # owed, whatever the sign: it is documented nowhere
        account = replace(account, total_value=total)
    line = Holding(
        account.external_id,
        ids.synthetic("ST", f"{account.external_id}:total"),
        Decimal(1),
        name=account.name if account.kind != "investment" else f"{account.name} (total only)",
        price=total,
        market_value=total,
        currency=currency,
        asset_type="liability" if account.kind == "liability" else "other",
        multiplier=Decimal(1),
        flags=("account_total_only",),
        raw=raw,
    )
    if account.kind == "deposit":
        line = cash_holding(account.external_id, currency, total, raw=raw)
    return ProviderSyncResult((account,), (line,) if total else ())
