"""Which providers a home has: a section of the settings each, and those of third parties.

A third party's package names a callable in the entry-point group `tenet.providers`; it is given the
home folder and returns a Provider, or None where it is not configured.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from tenet.errors import ConfigError
from tenet.http import checked_base_url
from tenet.keyrings import with_keyring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tenet import sources
    from tenet.providers.provider import Provider
    from tenet.settings import Settings

GROUP = "tenet.providers"


def _simplefin(section: sources.SimpleFin) -> Provider:
    from tenet.providers.simplefin import SimpleFin

    return SimpleFin(
        access_url=_given(section.access_url),
        overrides=section.overrides,
        history_days=section.history_days,
        pending=section.pending,
    )


def _snaptrade(section: sources.SnapTrade) -> Provider:
    from tenet.providers.snaptrade import SnapTrade

    return SnapTrade(
        client_id=_given(section.client_id),
        consumer_key=_given(section.consumer_key),
        user_id=section.user_id,
        user_secret=_given(section.user_secret) or None,
        base_url=checked_base_url("snaptrade.base_url", section.base_url),
    )


def _ibkr(section: sources.Ibkr) -> Provider:
    from tenet.providers.ibkr import Ibkr

    base_url = section.base_url and checked_base_url("ibkr.base_url", section.base_url)
    return Ibkr(
        token=_given(section.token), query_id=_given(section.query_id), base_url=base_url or None
    )


def _coinbase(section: sources.Coinbase) -> Provider:
    from tenet.providers.coinbase import Coinbase

    base_url = checked_base_url("coinbase.base_url", section.base_url)
    return Coinbase(key_file=_path(section.key_file), base_url=base_url)


def _schwab(section: sources.Schwab) -> Provider:
    from tenet.providers.schwab import Schwab

    return Schwab(
        app_key=_given(section.app_key),
        app_secret=_given(section.app_secret),
        token_file=_path(section.token_file),
        base_url=checked_base_url("schwab.base_url", section.base_url),
    )


def _wealthfolio(section: sources.Wealthfolio) -> Provider:
    from tenet.providers.wealthfolio import Wealthfolio

    database = section.database and _path(section.database)
    return Wealthfolio(database=database, postgres_dsn=_given(section.postgres_dsn) or None)


def _manual(section: sources.Manual) -> Provider:
    from tenet.providers.manual_files import ManualFiles

    return ManualFiles(folder=_path(section.folder))


_MAKERS: dict[str, Callable[[Any], Provider]] = {
    "simplefin": _simplefin,
    "snaptrade": _snaptrade,
    "ibkr": _ibkr,
    "coinbase": _coinbase,
    "schwab": _schwab,
    "wealthfolio": _wealthfolio,
    "manual": _manual,
}
NAMES = tuple(_MAKERS)
"""The providers that come with tenet."""


def enabled_providers(settings: Settings, names: Iterable[str] = ()) -> list[Provider]:
    """The providers whose section is complete, in a fixed order; only those of `names` if given.

    Raises ConfigError for a name that is unknown or not configured.
    """
    found = {}
    for name in NAMES:
        section = with_keyring(name, getattr(settings, name))
        if section.is_enabled:
            found[name] = make_provider(name, section)
    for point in entry_points(group=GROUP):
        provider = point.load()(settings.home)
        if provider is not None:
            found[provider.name] = provider
    for name in names:
        if name not in found:
            problem = "is not configured" if name in _MAKERS else "is not a provider"
            raise ConfigError(name, problem, known=_MAKERS)
    return [provider for name, provider in found.items() if not names or name in names]


def make_provider(name: str, section: sources.Source) -> Provider:
    """The provider of that name from its section, which is complete."""
    return _MAKERS[name](section)


def _given(value: SecretStr | str | None) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value or ""


def _path(path: Path | None) -> Path:
    assert path is not None  # the section is complete
    return path.expanduser()
