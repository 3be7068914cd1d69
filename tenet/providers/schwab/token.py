"""Schwab's OAuth: a log-in by browser, access tokens of 30 minutes, a refresh token of seven days.

The token file has schwab-py's form, {"creation_timestamp": ..., "token": {...}}, so that one made
there goes on working here. The seven days run from the log-in and no refresh prolongs them.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode

from tenet.errors import ProviderSyncError
from tenet.home import make_private_folder
from tenet.providers.schwab.wire import INSTITUTION, Json, failure, fault
from tenet.sent import json_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from tenet.http import Line

LOGIN_DAYS = 7
_DAY = 86400
_MARGIN = 60
_ACCESS_SECONDS = 1800


@dataclass(frozen=True)
class App:
    """The app registered with Schwab, and where its log-in is kept."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    token_file: Path

    @property
    def secrets(self) -> tuple[str, ...]:
        """The app's key and secret, alone and as sent, and every token of the file."""
        try:
            token = _stored(self.token_file)["token"]
        except ProviderSyncError:
            token = {}
        tokens = [str(token[name]) for name in sorted(token) if name.endswith("_token")]
        return (self.key, self.secret, _basic(self), *tokens)


def authorize_url(app_key: str, redirect_uri: str, base_url: str) -> str:
    """Where the browser goes to log in; Schwab sends it back to `redirect_uri?code=...`."""
    query = urlencode({"client_id": app_key, "redirect_uri": redirect_uri})
    return f"{base_url}/v1/oauth/authorize?{query}"


def exchange_code(line: Line, app: App, *, redirect_uri: str, answer: str, at: datetime) -> None:
    """Turn the answer of a log-in into the token file; the seven days begin at `at`.

    answer: the whole address that the browser was sent back to, or the code in it (which lives
    about 30 seconds). Raises ProviderSyncError.
    """
    found = re.search(r"[?&]code=([^&#\s]+)", answer)
    code = unquote(found[1] if found else answer.strip())
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    # A code works once: an answer lost on the way cannot be had by asking again.
    token = _granted(line, app, form, at, retried=False, secrets=(*app.secrets, code))
    _store(app.token_file, {"creation_timestamp": int(at.timestamp()), "token": token})


def access_token(line: Line, app: App, at: datetime, *, renewed: bool = False) -> str:
    """A token that is good for a minute at least, refreshed where needed or `renewed`.

    Raises ProviderSyncError: auth without a call when the seven days are over, or there is no file.
    """
    stored = _stored(app.token_file)
    if _days_left(stored, at) <= 0:
        raise ProviderSyncError(
            "auth",
            f"Schwab's log-in ends after {LOGIN_DAYS} days: log in again",
            code="refresh_token_authentication_error",
            institution=INSTITUTION,
        )
    token = stored["token"]
    if renewed or token["expires_at"] - at.timestamp() <= _MARGIN:
        form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
        token = token | _granted(line, app, form, at, retried=True, secrets=app.secrets)
        _store(app.token_file, stored | {"token": token})
    return str(token["access_token"])


def days_left(token_file: Path, at: datetime) -> float | None:
    """Days until the next log-in is due, 0.0 when it is; None without a readable token file."""
    try:
        return max(0.0, _days_left(_stored(token_file), at))
    except ProviderSyncError:
        return None


def _granted(
    line: Line,
    app: App,
    form: Mapping[str, str],
    at: datetime,
    *,
    retried: bool,
    secrets: Iterable[str],
) -> Json:
    headers = {"authorization": f"Basic {_basic(app)}"}
    answer = line.ask("POST", "/v1/oauth/token", data=form, headers=headers, retried=retried)
    if not answer.is_ok:
        raise failure(answer, secrets, is_login=True)
    token = json_body(answer.body)
    if not isinstance(token, dict) or not _is_text(token.get("access_token")):
        raise fault("malformed", "Schwab gave no token")
    if not _is_text(token.get("refresh_token")):
        token.pop("refresh_token", None)
        if form["grant_type"] != "refresh_token":
            raise fault("malformed", "Schwab gave no refresh token")
    seconds = token.get("expires_in")
    seconds = seconds if type(seconds) is int else _ACCESS_SECONDS
    return token | {"expires_in": seconds, "expires_at": int(at.timestamp()) + seconds}


def _stored(token_file: Path) -> Json:
    try:
        stored = json.loads(token_file.read_bytes())
        token, created = stored["token"], int(stored["creation_timestamp"])
        if _is_text(token["refresh_token"]) and _is_text(token["access_token"]):
            token = token | {"expires_at": int(token.get("expires_at") or 0)}
            return dict(stored) | {"creation_timestamp": created, "token": token}
    except FileNotFoundError:
        raise ProviderSyncError(
            "auth", "Schwab: no log-in yet", code="no_token", institution=INSTITUTION
        ) from None
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    raise ProviderSyncError(
        "auth", "Schwab: the token file cannot be read", code="bad_token", institution=INSTITUTION
    )


def _store(token_file: Path, stored: Json) -> None:
    aside = token_file.with_name(f"{token_file.name}.{os.getpid()}.writing")
    try:
        make_private_folder(token_file.parent)
        aside.unlink(missing_ok=True)
        # Private from its first byte on: a mode changed later leaves a moment to read it.
        aside.touch(mode=0o600, exist_ok=False)
        with aside.open("w") as file:
            json.dump(stored, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(token_file)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ProviderSyncError(
            "unknown",
            f"Schwab: the token file cannot be written: {error.strerror}",
            institution=INSTITUTION,
        ) from error


def _days_left(stored: Json, at: datetime) -> float:
    return LOGIN_DAYS - (at.timestamp() - float(stored["creation_timestamp"])) / _DAY


def _basic(app: App) -> str:
    return b64encode(f"{app.key}:{app.secret}".encode()).decode()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
