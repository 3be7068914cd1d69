"""Which sources of prices and rates a home uses: each of them, unless it is switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenet.http import checked_base_url
from tenet.keyrings import with_keyring

if TYPE_CHECKING:
    from tenet.market.series import PriceSource, RateSource
    from tenet.settings import Settings


def price_sources(settings: Settings) -> list[PriceSource]:
    """The sources of closes that are switched on. Raises ConfigError for a base_url that is none.

    A secret that is not set is taken from the OS keyring.
    """
    found: list[PriceSource] = []
    if settings.yahoo.enabled:
        from tenet.market.yahoo import Yahoo

        url = settings.yahoo.base_url
        base_url = checked_base_url("yahoo.base_url", url) if url else None
        found.append(Yahoo(settings.home / "cache" / "yfinance", base_url=base_url))
    if settings.coingecko.enabled:
        from tenet.market.coingecko import CoinGecko

        section = with_keyring("coingecko", settings.coingecko)
        key = section.api_key.get_secret_value() if section.api_key else None
        base_url = checked_base_url("coingecko.base_url", section.base_url)
        found.append(CoinGecko(base_url=base_url, api_key=key))
    return found


def rate_sources(settings: Settings) -> list[RateSource]:
    """The sources of exchange rates that are switched on. Raises ConfigError."""
    if not settings.ecb.enabled:
        return []
    from tenet.market.ecb import Ecb

    return [Ecb(checked_base_url("ecb.base_url", settings.ecb.base_url))]
