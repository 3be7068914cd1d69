"""SimpleFIN: bank and brokerage accounts behind one bridge, one call a sync.

A setup token is claimed once for an access URL, which holds user and password. About 24 calls a day
are allowed, so nothing is asked twice. Versions 1 and 2 of the answer are read by one parser.
"""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlsplit

from tenet import sent
from tenet.errors import ConfigError, ProviderSyncError
from tenet.http import Answer, Line, category_of, checked_base_url
from tenet.providers.result import Account, ProviderSyncResult, SyncWarning, joined
from tenet.providers.scrub import scrub
from tenet.providers.simplefin_lines import account_activities, account_lines, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import httpx

Json = dict[str, Any]

WINDOW, OVERLAP, MOST_WINDOWS = timedelta(days=89), timedelta(days=5), 20
_AHEAD = timedelta(days=1)
_CLASSES = {
    "gen.api": ("data", False),
    "gen.auth": ("auth", False),
    "con.": ("connection", True),
    "con.auth": ("auth", False),
    "act.": ("data", True),
}
_NEEDS_LOGIN = re.compile(r"connection to (.+?) may need attention", re.IGNORECASE)
_AUTH = re.compile(r"\bauth|credential|log ?in|password|payment", re.IGNORECASE)
_QUOTA = re.compile(r"too many|rate.?limit|quota|requests? .*(limit|day)", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """When was asked, and what came back: the newest window first."""

    at: datetime
    answers: tuple[Answer | ProviderSyncError, ...]


@dataclass(frozen=True)
class SimpleFin:
    """A user of a bridge.

    overrides: by account id, the `sign` (1 or -1) of its balance: nothing but a minus tells a debt,
    and some banks leave it off. history_days: how far back activities are asked for, in as many
    calls as that takes; 0 leaves it to the bridge, in one. pending: those not yet booked as well.
    """

    access_url: str = field(repr=False)
    overrides: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    history_days: int = 0
    pending: bool = False
    name: ClassVar[str] = "simplefin"

    @property
    def secrets(self) -> tuple[str, ...]:
        """User and password, as they are and as the URL writes them."""
        found = re.search(r"//([^/]*)@", self.access_url)
        written = found[1].split(":") if found else [self.access_url]
        return tuple(filter(None, [*written, *map(unquote, written)]))

    def fetch(self, client: httpx.Client, *, at: datetime, pause: Callable[[float], None]) -> Asked:
        """Ask once, or once a window of history. Raises ProviderSyncError when nothing is had."""
        line = Line(client, checked_base_url("simplefin.access_url", self.access_url), pause=pause)
        parts = urlsplit(self.access_url)
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        headers = {"authorization": f"Basic {base64.b64encode(login).decode()}"}
        # The presence of `pending` switches it on, whatever its value.
        always = {"version": "2"} | ({"pending": "1"} if self.pending else {})
        path = f"{parts.path.rstrip('/')}/accounts"
        answers: list[Answer | ProviderSyncError] = []
        for window in _windows(at, timedelta(days=self.history_days)):
            try:
                params = always | window
                answer = line.ask("GET", path, params=params, headers=headers, retried=False)
                if not answer.is_ok:
                    raise _fault(answer, self.secrets)
                answers.append(answer)
            except ProviderSyncError as error:
                if not answers:
                    raise
                answers.append(error)
                break  # the rest of the day's calls is worth more than older activities
        return Asked(at, tuple(answers))

    def parse(self, payload: Asked) -> ProviderSyncResult:
        """What the answers say. Raises ProviderSyncError when the newest is no SimpleFIN answer."""
        newest = _body(payload.answers[0])
        bodies, errors = [newest], self._errors(newest)
        failed = {error.account_external_id for error in errors}
        for answer in payload.answers[1:]:
            try:
                bodies.append(_body(answer))
                errors += self._errors(bodies[-1])
            except ProviderSyncError as error:
                errors.append(error)
        told = {(error.code, error.account_external_id, str(error)): error for error in errors}
        parts = [ProviderSyncResult(errors=tuple(told.values()))]
        accounts = [_by_id(body) for body in bodies]
        for name, entry in accounts[0].items():
            if name is None or name not in failed:
                windows = [entries.get(name, {}) for entries in accounts]
                institution = self._clean(_institution(newest, entry))
                parts.append(self._account(entry, institution, windows, payload.at))
        if not accounts[0] and not told:
            parts.append(ProviderSyncResult(warnings=(SyncWarning("no_accounts"),)))
        return joined(parts)

    def _errors(self, body: Json) -> list[ProviderSyncError]:
        """The errors of an answer: texts in version 1, objects with a code in version 2."""
        listed = [*_list(body.get("errlist")), *_list(body.get("errors"))]
        return [self._error(body, sent.fields(item), sent.text(item)) for item in listed]

    def _error(self, body: Json, item: Json, alone: str | None) -> ProviderSyncError:
        code, account_id = sent.text(item.get("code")), sent.text(item.get("account_id"))
        said = alone or sent.text(item.get("msg")) or sent.text(item.get("message")) or code or "?"
        text = scrub(said, self.secrets)
        category, retriable = _class_of(code or "", text)
        named = _by_id(body).get(account_id, {}) if account_id else {}
        institution = self._clean(_institution(body, {"conn_id": item.get("conn_id")} | named))
        if institution is None and code is None and (found := _NEEDS_LOGIN.search(text)):
            institution = found[1]
        return ProviderSyncError(
            category,
            text,
            retriable=retriable,
            code=code,
            institution=institution,
            account_external_id=account_id,
        )

    def _account(
        self, entry: Json, institution: str | None, windows: list[Json], at: datetime
    ) -> ProviderSyncResult:
        external_id, balance = sent.text(entry.get("id")), sent.number(entry.get("balance"))
        if external_id is None or balance is None:
            is_given = external_id is None or sent.text(entry.get("balance"))
            error = ProviderSyncError(
                "data",
                "an account has no id" if external_id is None else "its balance is no number",
                code="malformed" if is_given else "missing_balances",
                retriable=not is_given,
                institution=institution,
                account_external_id=external_id,
            )
            return ProviderSyncResult(errors=(error,))
        if balance:
            balance *= self.overrides.get(external_id, {}).get("sign", 1)
        as_of, is_bad = moment(entry.get("balance-date"), latest=at + _AHEAD)
        account = Account(
            external_id,
            name=self._clean(entry.get("name")),
            institution=institution,
            currency=sent.text(entry.get("currency")),
            balance_date=as_of,
            total_value=balance,
        )
        found = account_lines(account, _list(entry.get("holdings")), self._clean)
        rows = [row for window in windows for row in _list(window.get("transactions"))]
        return joined(
            [
                found,
                account_activities(account, rows, self._clean, at),
                ProviderSyncResult(
                    warnings=(SyncWarning("bad_timestamp", external_id),) if is_bad else ()
                ),
            ]
        )

    def _clean(self, value: Any) -> str | None:
        """Provider text for people."""
        text = sent.text(value)
        return scrub(text, self.secrets) if text else None


def claim(setup_token: str, client: httpx.Client) -> str:
    """The access URL that a setup token stands for; a token can be claimed once.

    Raises ConfigError for what is no token, ProviderSyncError when the bridge gives no access URL.
    """
    token = "".join(setup_token.split())
    try:
        url = base64.b64decode(token + "=" * (-len(token) % 4), validate=True).decode()
    except ValueError:
        raise ConfigError("simplefin.setup_token", "is not a SimpleFIN setup token") from None
    line = Line(client, checked_base_url("simplefin.setup_token", url))
    answer = line.ask("POST", urlsplit(url)._replace(scheme="", netloc="").geturl(), retried=False)
    if answer.status == 403:
        text = "the token was claimed before and may be compromised: disable it, make a new one"
        raise ProviderSyncError("auth", text)
    if not answer.is_ok:
        raise _fault(answer, (token, url))
    access_url = answer.body.decode(errors="replace").strip()
    try:
        checked_base_url("simplefin.access_url", access_url)
        is_access_url = bool(urlsplit(access_url).username)
    except ConfigError:
        is_access_url = False
    if not is_access_url:
        raise ProviderSyncError("data", "the bridge gave no access URL", code="malformed")
    return access_url


def _windows(at: datetime, history: timedelta) -> list[dict[str, str]]:
    """What to ask for to have so much history, the newest first; the end of a window is excluded.

    The bridge serves 90 days a call; the overlap is for what is booked late.
    """
    if not history:
        return [{}]
    start = at - min(history, WINDOW + (MOST_WINDOWS - 1) * (WINDOW - OVERLAP))
    windows = []
    while start + WINDOW < at:
        end = start + WINDOW
        windows.append({"start-date": _unix(start), "end-date": _unix(end)})
        start = end - OVERLAP
    return [{"start-date": _unix(start)}, *reversed(windows)]


def _unix(when: datetime) -> str:
    return str(int(when.timestamp()))


def _body(answer: Answer | ProviderSyncError) -> Json:
    """An answer of either version. Raises ProviderSyncError when it is none."""
    if isinstance(answer, ProviderSyncError):
        raise answer
    body = sent.fields(sent.json_body(answer.body))
    has_errors = bool(_list(body.get("errors")) or _list(body.get("errlist")))
    return body | {
        "accounts": sent.rows([] if has_errors and "accounts" not in body else body.get("accounts"))
    }


def _fault(answer: Answer, secrets: tuple[str, ...]) -> ProviderSyncError:
    """The error of an answer that is no success, with the first text that it holds."""
    category, retriable = category_of(answer.status)
    text = f"SimpleFIN answered with status {answer.status}"
    with suppress(ProviderSyncError):  # a page, or plain text: the status says as much
        body = sent.fields(sent.json_body(answer.body))
        first = [*_list(body.get("errlist")), *_list(body.get("errors")), None][0]
        text = sent.text(sent.fields(first).get("msg")) or sent.text(first) or text
    if answer.status == 403:
        text = "the access URL is refused: it was revoked, claim a new setup token"
    return ProviderSyncError(
        category,
        scrub(text, secrets),
        retriable=retriable,
        code="redirect" if 300 <= answer.status < 400 else None,
        retry_after=answer.retry_after,
    )


def _class_of(code: str, text: str) -> tuple[str, bool]:
    """Category and retriable of an error; an unknown code counts as its kind, gen., con. or act."""
    kind = code.partition(".")[0] + "."
    if found := _CLASSES.get(code) or _CLASSES.get(kind):
        return found
    if _QUOTA.search(text):
        return "rate_limit", True
    if not code and (_NEEDS_LOGIN.search(text) or _AUTH.search(text)):
        return "auth", False
    return "unknown", True


def _by_id(body: Json) -> dict[str | None, Json]:
    """The accounts of an answer, the first of each id."""
    entries: dict[str | None, Json] = {}
    for entry in map(sent.fields, body["accounts"]):
        entries.setdefault(sent.text(entry.get("id")), entry)
    return entries


def _institution(body: Json, entry: Json) -> str | None:
    """Whose account it is: by its organisation in version 1, by its connection in version 2."""
    org = sent.fields(entry.get("org"))
    named = sent.text(org.get("name")) or sent.text(org.get("domain"))
    wanted = sent.text(entry.get("conn_id"))
    for connection in map(sent.fields, _list(body.get("connections"))):
        if wanted and sent.text(connection.get("conn_id")) == wanted:
            named = (
                named or sent.text(connection.get("org_name")) or sent.text(connection.get("name"))
            )
    return named


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
