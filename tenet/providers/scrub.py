"""No secret in a log, an error or a landing: URLs lose query and user, text loses known secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 500
_URL = re.compile(r"\bhttps?://[^\s'\"<>]+", re.IGNORECASE)
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f-\x9f]+")


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Provider text for people: no markup, control characters or secret; at most 500 letters."""
    text = _CONTROL.sub(" ", _MARKUP.sub(" ", text))
    text = _URL.sub(lambda found: bare_url(found[0]), text)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for written in {secret, quote(secret, safe=""), quote_plus(secret)}:
            text = text.replace(written, "***")
    return " ".join(text.split())[:LONGEST]


def bare_url(url: str) -> str:
    """A URL without user, query and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
