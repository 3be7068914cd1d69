"""`tenet connect`: what a provider needs, tried against it, then kept in the OS keyring.

A keyring that would write plain text is refused; without one the lines to set are given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from tenet.errors import ConfigError
from tenet.http import Line, checked_base_url, make_client
from tenet.keyrings import with_keyring
from tenet.providers.registry import NAMES, make_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tenet.providers.result import ProviderSyncResult
    from tenet.settings import Settings
    from tenet.sources import Source

_PLAINTEXT = ("plaintext", "null", "fail")


def section_of(settings: Settings, name: str) -> Source:
    """The settings of a provider, secrets of the keyring included. Raises ConfigError."""
    if name not in NAMES:
        raise ConfigError(name, "is not a provider", known=NAMES)
    section: Source = getattr(settings, name)
    return with_keyring(name, section)


def missing(section: Source) -> dict[str, bool]:
    """What a section still needs: the names, and whether each is a secret."""
    return {name: is_secret(section, name) for name in section.needs if not getattr(section, name)}


def is_secret(section: Source, name: str) -> bool:
    """Whether a setting must never be written in plain sight."""
    return "SecretStr" in str(type(section).model_fields[name].annotation)


def completed(name: str, section: Source, given: Mapping[str, str]) -> Source:
    """The section with what was given. Raises ConfigError for what it does not know or take."""
    for field in given:
        if field not in type(section).model_fields:
            known = type(section).model_fields
            raise ConfigError(f"{name}.{field}", "is not a setting", known=known)
    try:
        return type(section).model_validate(_values(section) | dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{name}.{field}", first["msg"]) from None


def claim_simplefin(setup_token: str) -> str:
    """The access URL for a setup token, which can be claimed once."""
    from tenet.providers.simplefin import claim

    with make_client() as client:
        return claim(setup_token, client)


def log_in_to_schwab(
    section: Any, *, redirect_uri: str, ask: Callable[[str], str], at: datetime
) -> None:
    """The log-in at Schwab: `ask` shows the address to open and gives back the one it led to."""
    from tenet.providers.schwab.token import App, authorize_url, exchange_code

    base_url = checked_base_url("schwab.base_url", section.base_url)
    answer = ask(authorize_url(section.app_key, redirect_uri, base_url))
    app = App(section.app_key, section.app_secret.get_secret_value(), section.token_file)
    with make_client() as client:
        line = Line(client, base_url)
        exchange_code(line, app, redirect_uri=redirect_uri, answer=answer, at=at)


def tried(
    name: str, section: Source, *, at: datetime, pause: Callable[[float], None]
) -> ProviderSyncResult:
    """What the provider answers to these settings. Raises ProviderSyncError for a failure."""
    provider = make_provider(name, section)
    with make_client() as client:
        result = provider.parse(provider.fetch(client, at=at, pause=pause))
    if result.outcome == "failed":
        raise result.errors[0]
    return result


def kept_in_keyring(name: str, section: Source, given: Mapping[str, str]) -> list[str]:
    """Put the secrets of `given` into the OS keyring; the names of those that it took.

    Nothing is put anywhere without the extra `keyring`, or where only a plain-text one is there.
    """
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return []
    backend = keyring.get_keyring()
    words = f"{type(backend).__module__}.{type(backend).__name__}".lower()
    if any(word in words for word in _PLAINTEXT):
        return []
    secrets = [field for field in given if is_secret(section, field)]
    try:
        for field in secrets:
            keyring.set_password("tenet", f"{name}.{field}", given[field])
    except KeyringError:
        return []
    return secrets


def lines_to_set(name: str, given: Mapping[str, str], kept: list[str]) -> list[str]:
    """The lines for `.env` that set what the keyring did not take."""
    return [
        f"TENET_{name}__{field}".upper() + f"={value}"
        for field, value in given.items()
        if field not in kept
    ]


def states(settings: Settings, at: datetime) -> list[dict[str, Any]]:
    """For each provider: whether it is configured, what it lacks; never a secret."""
    rows = []
    for name in NAMES:
        section = section_of(settings, name)
        state = "configured" if section.is_enabled else "not configured"
        if not section.enabled:
            state = "switched off"
        row = {"provider": name, "state": state, "missing": ", ".join(missing(section))}
        rows.append(row | {"login_days_left": _login_days_left(name, section, at)})
    return rows


def _login_days_left(name: str, section: Any, at: datetime) -> float | None:
    if name != "schwab" or not section.token_file:
        return None
    from tenet.providers.schwab.token import days_left

    left = days_left(section.token_file.expanduser(), at)
    return None if left is None else round(left, 1)


def _values(section: Source) -> dict[str, Any]:
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name in type(section).model_fields
        if (value := getattr(section, name)) is not None
    }
