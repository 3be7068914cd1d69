"""Coinbase: portfolios of the Advanced Trade API, with a key of the Developer Platform.

Positions come from each portfolio's breakdown or, where the key may not see portfolios, from the
wallets behind them, without prices. Fills and the older API's transactions are the activities.
Nothing says what day it is as of.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from tenet.errors import ProviderSyncError
from tenet.http import Answer, Line, category_of
from tenet.providers.coinbase_history import read_history
from tenet.providers.coinbase_key import read_key, secrets_of
from tenet.providers.coinbase_portfolios import (
    INSTITUTION,
    page_rows,
    read_breakdown,
    read_portfolio,
    read_wallets,
)
from tenet.providers.reading import Draft
from tenet.providers.scrub import scrub
from tenet.sent import fields, json_body

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    import httpx

    from tenet.providers.result import ProviderSyncResult

    Ask = Callable[[str], Answer]

Pages = list[Answer | ProviderSyncError]
Payload = dict[str, Pages]
"""What came back: portfolios with a breakdown each, or accounts instead; fills, wallets (of the
older API) and transactions."""

HOME = "https://api.coinbase.com"
V3 = "/api/v3/brokerage"
FILLS, WALLETS = f"{V3}/orders/historical/fills?limit=100", f"{V3}/accounts?limit=250"
SPACING = 1 / 30
MOST_PAGES = 5000

_NOT_OFFERED = (404, 405, 410, 501)
_TOKEN = re.compile(r"\beyJ[\w.-]+")


@dataclass(frozen=True)
class Coinbase:
    """An API key, as the downloaded file has it."""

    key_file: Path
    base_url: str = HOME
    name: ClassVar[str] = "coinbase"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The private key."""
        return secrets_of(self.key_file)

    def fetch(
        self, client: httpx.Client, *, at: datetime, pause: Callable[[float], None]
    ) -> Payload:
        """Ask for the portfolios, what is in them, and what happened."""
        ask = self._asking(Line(client, self.base_url, spacing=SPACING, pause=pause), at)
        payload = self._positions(ask)
        payload["fills"] = self._pages(ask, FILLS, _next_fills)
        payload["wallets"] = self._pages(ask, "/v2/accounts?limit=100", _next_uri)
        payload["transactions"] = []
        for wallet in _wallet_ids(payload["wallets"]):
            path = f"/v2/accounts/{_quoted(wallet)}/transactions?limit=100"
            pages = self._pages(ask, path, _next_uri)
            payload["transactions"] += pages
            if _errors(pages):
                break  # hundreds of wallets, each with its retries, would fail alike
        return payload

    def parse(self, payload: Payload) -> ProviderSyncResult:
        """The portfolios with their lines and activities. A fault in one leaves the others."""
        draft = Draft(INSTITUTION, self.secrets)
        default = ""
        try:
            if "accounts" in payload:
                read_wallets(_answers(payload["accounts"]), draft)
                # A key that sees no wallet either may just not see them.
                draft.errors.extend(() if draft.accounts else _errors(payload["portfolios"]))
                default = draft.accounts[0].external_id if draft.accounts else ""
            else:
                default = _read_portfolios(payload, draft)
        except ProviderSyncError as error:
            draft.refuse(error)
        fills = _rows(payload["fills"], "fills", draft)
        _rows(payload["wallets"], "data", draft)
        read_history(fills, _rows(payload["transactions"], "data", draft), default, draft)
        return draft.result()

    def _positions(self, ask: Ask) -> Payload:
        listed = ask(f"{V3}/portfolios")
        if listed.status == 403:  # the key may see wallets alone
            wallets = self._pages(ask, WALLETS, _next_wallets)
            if isinstance(wallets[-1], ProviderSyncError):
                raise wallets[-1]
            return {"portfolios": [self._refusal(listed)], "accounts": wallets}
        if not listed.is_ok:
            raise self._refusal(listed)
        payload: Payload = {"portfolios": [listed]}
        for row in page_rows(listed, "portfolios"):
            uuid = fields(row).get("uuid")
            if isinstance(uuid, str) and uuid and not row.get("deleted"):
                path = f"{V3}/portfolios/{_quoted(uuid)}?currency=USD"
                payload[_label(uuid)] = self._pages(ask, path, portfolio=uuid)
        return payload

    def _asking(self, line: Line, at: datetime) -> Ask:
        key, started = read_key(self.key_file), time.monotonic()

        def sign(request: httpx.Request) -> None:
            now = int(at.timestamp() + time.monotonic() - started)
            path = request.url.raw_path.decode().partition("?")[0]
            token = key.token(request.method, path, now=now, nonce=token_hex(32))
            request.headers["authorization"] = f"Bearer {token}"

        return lambda path: line.ask("GET", path, sign=sign)

    def _pages(
        self,
        ask: Ask,
        path: str,
        following: Callable[[dict[str, Any]], str | None] = lambda _: None,
        *,
        portfolio: str | None = None,
    ) -> Pages:
        """Pages until the last, or until one is missing; none of what the host does not offer."""
        pages: Pages = []
        asked: set[str] = set()
        while path and path not in asked and len(pages) < MOST_PAGES:
            asked.add(path)
            try:
                answer = ask(path)
            except ProviderSyncError as error:
                error.institution, error.account_external_id = INSTITUTION, portfolio
                return [*pages, error]
            if path.startswith("/v2/") and answer.status in _NOT_OFFERED:
                return pages
            if not answer.is_ok:
                return [*pages, self._refusal(answer, portfolio)]
            pages.append(answer)
            path = following(_body(answer)) or ""
        return pages

    def _refusal(self, answer: Answer, portfolio: str | None = None) -> ProviderSyncError:
        category, retriable = category_of(answer.status)
        if answer.status == 403 and b"<html" in answer.body[:1000].lower():
            category, retriable = "connection", True  # a gateway's page, not Coinbase's answer
        code, text = _said(answer)
        return ProviderSyncError(
            category,
            scrub(_TOKEN.sub("***", text), self.secrets) or f"HTTP {answer.status}",
            retriable=retriable,
            code=code,
            institution=INSTITUTION,
            account_external_id=portfolio,
            retry_after=answer.retry_after,
        )


def _said(answer: Answer) -> tuple[str | None, str]:
    """Code and text of a refusal: {error, message}, {errors: [{id, message}]} or plain."""
    body = _body(answer)
    errors = body.get("errors")
    first = fields(errors[0]) if isinstance(errors, list) and errors else body
    code, text = first.get("error") or first.get("id"), first.get("message")
    if not isinstance(code, str):
        return None, answer.body.decode("utf-8", "replace")
    return code, f"{text or body.get('error_details') or code}"


def _read_portfolios(payload: Payload, draft: Draft) -> str:
    """Portfolios into the draft; the id of the default one."""
    [listed] = _answers(payload["portfolios"])
    rows = draft.read(None, page_rows(listed, "portfolios"), read_portfolio)
    portfolios = {row["uuid"]: row for row in rows}.values()
    for portfolio in portfolios:
        try:
            for answer in _answers(payload.get(_label(portfolio["uuid"]), [])):
                read_breakdown(portfolio, answer, draft)
        except ProviderSyncError as error:
            draft.refuse(error)
    ordered = sorted(portfolios, key=lambda row: row.get("type") != "DEFAULT")
    return ordered[0]["uuid"] if ordered else ""


def _label(uuid: str) -> str:
    return f"portfolio {uuid}"


def _answers(pages: Pages) -> list[Answer]:
    """All pages. Raises the error that stands for one of them."""
    for error in _errors(pages):
        raise error
    return [page for page in pages if isinstance(page, Answer)]


def _errors(pages: Pages) -> list[ProviderSyncError]:
    return [page for page in pages if isinstance(page, ProviderSyncError)]


def _rows(pages: Pages, name: str, draft: Draft) -> list[Any]:
    """The rows of those pages that can be had; the others are told."""
    found: list[Any] = []
    for page in pages:
        try:
            found += page_rows(_answers([page])[0], name)
        except ProviderSyncError as error:
            draft.refuse(error)
    return found


def _body(answer: Answer) -> dict[str, Any]:
    """The object in an answer; an empty one where parsing will say what is wrong."""
    try:
        return fields(json_body(answer.body))
    except ProviderSyncError:
        return {}


def _wallet_ids(pages: Pages) -> list[str]:
    found: list[str] = []
    for page in pages:
        data = _body(page).get("data") if isinstance(page, Answer) else None
        for row in data if isinstance(data, list) else ():
            wallet = fields(row).get("id")
            if isinstance(wallet, str) and wallet:
                found.append(wallet)
    return found


def _next_fills(body: dict[str, Any]) -> str | None:
    return f"{FILLS}&cursor={_quoted(str(body['cursor']))}" if body.get("cursor") else None


def _next_wallets(body: dict[str, Any]) -> str | None:
    if not body.get("has_next") or not body.get("cursor"):
        return None
    return f"{WALLETS}&cursor={_quoted(str(body['cursor']))}"


def _next_uri(body: dict[str, Any]) -> str | None:
    """The next page of the older API: path and query alone, whatever host is named."""
    try:
        parts = urlsplit(str(fields(body.get("pagination")).get("next_uri") or ""))
    except ValueError:
        return None
    return _quoted(f"{parts.path}?{parts.query}", "/?&=%") if parts.path[:4] == "/v2/" else None


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="replace")
