"""Providers and market sources: set up, answering, logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet.connect import missing, section_of
from tenet.doctor.finding import fault, ok, warning
from tenet.errors import ProviderSyncError
from tenet.http import make_client
from tenet.market import registry
from tenet.providers.registry import NAMES, enabled_providers
from tenet.providers.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tenet.doctor.finding import Finding
    from tenet.providers.provider import Provider
    from tenet.settings import Settings

SOON = 2.0
"""Days before a log-in ends on which it is told."""


def providers(
    settings: Settings, at: datetime, *, offline: bool, pause: Callable[[float], None]
) -> Iterator[Finding]:
    """Whether each provider is set up whole, logged in, and answers."""
    yield from _half_configured(settings)
    found = enabled_providers(settings)
    if not found:
        yield ok("providers", "none is configured")
    for provider in found:
        yield from _log_in(provider, at)
        if not offline:
            yield _answer(provider, at, pause)


def market(settings: Settings) -> Iterator[Finding]:
    """Which sources of prices and rates are used."""
    names = [source.name for source in registry.price_sources(settings)]
    names += [source.name for source in registry.rate_sources(settings)]
    if names:
        yield ok("prices", ", ".join(names))
    else:
        todo = f"switch one on in {settings.home / 'tenet.toml'}"
        yield warning("prices", "every source of prices and rates is switched off", todo)


def _half_configured(settings: Settings) -> Iterator[Finding]:
    for name in NAMES:
        section = section_of(settings, name)
        lacking = missing(section)
        if section.enabled and 0 < len(lacking) < len(section.needs):
            yield warning(name, f"not used: {', '.join(lacking)} not set", f"tenet connect {name}")


def _log_in(provider: Provider, at: datetime) -> Iterator[Finding]:
    days_left: Callable[[datetime], float | None] | None = getattr(
        provider, "login_days_left", None
    )
    left = days_left(at) if days_left else None
    if left is not None and left < SOON:
        found = f"its log-in ends in {left:.1f} days" if left else "its log-in has ended"
        state: Any = warning if left else fault
        yield state(provider.name, found, f"tenet connect {provider.name}")


def _answer(provider: Provider, at: datetime, pause: Callable[[float], None]) -> Finding:
    try:
        with make_client() as client:
            result = provider.parse(provider.fetch(client, at=at, pause=pause))
    except ProviderSyncError as error:
        return fault(provider.name, str(error), error.hint or _look(provider))
    except Exception as error:  # noqa: BLE001 (one provider must not hide the others)
        text = scrub(f"{type(error).__name__}: {error}", provider.secrets)
        return fault(provider.name, text, "its answer cannot be read; newer versions may")
    accounts = f"answers, with accounts: {len(result.accounts)}"
    if not result.errors:
        return ok(provider.name, accounts)
    first = result.errors[0]
    if result.outcome == "failed":
        return fault(provider.name, str(first), first.hint or _look(provider))
    return warning(provider.name, f"{accounts}, and errors: {first}", first.hint or _look(provider))


def _look(provider: Provider) -> str:
    return f"tenet -v sync {provider.name}"
