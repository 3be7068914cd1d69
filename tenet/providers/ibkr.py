"""Interactive Brokers: statements of a Flex query, through the Flex Web Service, version 3.

One request has a statement made and names a reference; the reference is asked until the statement
is there. HTTP says 200 throughout and errors stand inside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from tenet.errors import ProviderSyncError
from tenet.http import Line, category_of
from tenet.providers.ibkr_statement import INSTITUTION, malformed, read_statements, xml
from tenet.providers.result import ProviderSyncResult
from tenet.providers.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from xml.etree.ElementTree import Element

    import httpx

    from tenet.http import Answer

HOME = "https://ndcdyn.interactivebrokers.com"
SERVICE = "/AccountManagement/FlexWebService"
SPACING = 1.0
FIRST_WAIT, LONGEST_WAIT, LONGEST_POLL = 5.0, 60.0, 180.0
"""Seconds between two polls, doubling from the first to the longest, and of all polls together."""
THROTTLED = 60.0

_OWN_HOST = re.compile(r"[a-z0-9.-]+\.interactivebrokers\.com")
_NOT_NOW = ("1001", "1004", "1005", "1006", "1007", "1008", "1009", "1019", "1021")
_CLASSES = {
    **dict.fromkeys(_NOT_NOW, ("connection", True)),
    "1018": ("rate_limit", True),
    **dict.fromkeys(("1011", "1012", "1013", "1015", "1020"), ("auth", False)),
    **dict.fromkeys(("1003", "1010", "1014", "1016", "1017"), ("data", False)),
}
"""Category and retriable of the service's error codes."""


@dataclass(frozen=True)
class Ibkr:
    """A Flex query. base_url: asked instead of Interactive Brokers' own hosts."""

    token: str = field(repr=False)
    query_id: str
    base_url: str | None = None
    name: ClassVar[str] = "ibkr"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token of the Flex Web Service."""
        return (self.token,)

    def fetch(
        self,
        client: httpx.Client,
        *,
        at: datetime,  # noqa: ARG002 (the query itself says which days)
        pause: Callable[[float], None],
    ) -> Answer:
        """Have one statement made and wait for it."""
        line = Line(client, self.base_url or HOME, spacing=SPACING, pause=pause)
        said = xml(self._ask(line, f"{SERVICE}/SendRequest", self.query_id).body)
        reference, url = _text(said, "ReferenceCode"), _text(said, "Url")
        if not reference:
            raise self._refusal(said)
        path = f"{SERVICE}/GetStatement"
        if url:
            line.base_url, path = self._address(url)
        return self._polled(line, path, reference)

    def parse(self, payload: Answer) -> ProviderSyncResult:
        """The accounts of a statement file. Pure; a fault in one account leaves the others."""
        try:
            root = xml(payload.body)
            if root.tag == "FlexStatementResponse":
                raise self._refusal(root)
            return read_statements(root, self.secrets)
        except ProviderSyncError as error:
            return ProviderSyncResult(errors=(error,))

    def _polled(self, line: Line, path: str, reference: str) -> Answer:
        waited, wait = 0.0, FIRST_WAIT
        while True:
            answer = self._ask(line, path, reference)
            if b"<FlexStatementResponse" not in answer.body[:1000]:
                return answer
            error = self._refusal(xml(answer.body))
            due = max(min(wait, LONGEST_POLL - waited), error.retry_after or 0.0)
            if not error.retriable or due <= 0 or waited + due > LONGEST_POLL:
                raise error
            line.pause(due)
            waited, wait = waited + due, min(2 * wait, LONGEST_WAIT)

    def _ask(self, line: Line, path: str, query: str) -> Answer:
        answer = line.ask("GET", path, params={"t": self.token, "q": query, "v": "3"})
        if answer.is_ok:
            return answer
        category, retriable = category_of(answer.status)
        text = scrub(answer.body.decode("utf-8", "replace"), self.secrets)
        raise ProviderSyncError(
            category,
            f"HTTP {answer.status} {text}".strip(),
            retriable=retriable,
            institution=INSTITUTION,
            retry_after=answer.retry_after,
        )

    def _refusal(self, said: Element) -> ProviderSyncError:
        code = scrub(_text(said, "ErrorCode"), self.secrets)
        if said.tag != "FlexStatementResponse" or not code:
            return malformed("the answer has neither a reference code nor an error code")
        category, retriable = _CLASSES.get(code, ("unknown", False))
        return ProviderSyncError(
            category,
            scrub(_text(said, "ErrorMessage"), self.secrets) or f"error {code}",
            retriable=retriable,
            code=code,
            institution=INSTITUTION,
            retry_after=THROTTLED if category == "rate_limit" else None,
        )

    def _address(self, url: str) -> tuple[str, str]:
        """Where the statement is: a host that may have the token, and a path."""
        try:
            parts = urlsplit(url)
            is_own = parts.scheme == "https" and _OWN_HOST.fullmatch(parts.hostname or "")
        except ValueError:
            parts, is_own = urlsplit(""), None
        is_configured = f"{parts.scheme}://{parts.netloc}" == self.base_url
        if (is_own or is_configured) and parts.path.startswith("/"):
            return self.base_url or f"https://{parts.hostname}", parts.path
        raise ProviderSyncError(
            "data",
            "the answer names another host, which is not asked",
            code="bad_url",
            institution=INSTITUTION,
        )


def _text(said: Element, name: str) -> str:
    return (said.findtext(name) or "").strip()
