"""The settings of each source: a section of tenet.toml, or TENET_<SOURCE>__<NAME>.

Secrets (SecretStr) come from the environment, `.env` or the keyring, never from tenet.toml.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Source(BaseModel):
    """One source's section. It is used when all it needs is set and it is not switched off."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    needs: ClassVar[tuple[str, ...]] = ()

    enabled: bool = True

    @property
    def is_enabled(self) -> bool:
        """Whether the section is complete and not switched off."""
        return self.enabled and bool(self.needs) and all(getattr(self, name) for name in self.needs)


class SimpleFin(Source):
    """access_url holds user and password.

    overrides: `sign` (1 or -1) by account id. pending: ask for what is not yet booked as well.
    """

    needs = ("access_url",)
    access_url: SecretStr | None = None
    history_days: int = Field(default=89, ge=0)
    overrides: dict[str, dict[str, int]] = Field(default_factory=dict)
    pending: bool = False


class SnapTrade(Source):
    """Keys of the application, and of its user where it is a commercial one."""

    needs = ("client_id", "consumer_key")
    base_url: str = "https://api.snaptrade.com"
    client_id: str | None = None
    consumer_key: SecretStr | None = None
    user_id: str | None = None
    user_secret: SecretStr | None = None


class Ibkr(Source):
    """A Flex Web Service token, and the id of a saved query."""

    needs = ("token", "query_id")
    base_url: str | None = None
    token: SecretStr | None = None
    query_id: str | None = None


class Coinbase(Source):
    """The key file that Coinbase gave."""

    needs = ("key_file",)
    base_url: str = "https://api.coinbase.com"
    key_file: Path | None = None


class Schwab(Source):
    """Keys of the application, and the file that keeps its token."""

    needs = ("app_key", "app_secret", "token_file")
    base_url: str = "https://api.schwabapi.com"
    app_key: str | None = None
    app_secret: SecretStr | None = None
    token_file: Path | None = None


class Wealthfolio(Source):
    """Wealthfolio's own SQLite file, or the PostgreSQL mirror of it; one of the two is enough."""

    database: Path | None = None
    postgres_dsn: SecretStr | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether one of the two is set, and it is not switched off."""
        return self.enabled and (self.database or self.postgres_dsn) is not None


class Manual(Source):
    """A folder of CSV and YAML statements."""

    needs = ("folder",)
    folder: Path | None = None


class Market(Source):
    """A source of prices or rates; each is used unless it is switched off."""

    @property
    def is_enabled(self) -> bool:
        """Whether it is not switched off."""
        return self.enabled


class Yahoo(Market):
    """Yahoo Finance. base_url: another host in place of its own ones."""

    base_url: str | None = None


class CoinGecko(Market):
    """CoinGecko, with the key of a Demo or a Pro plan, or without. The Pro host takes a Pro key."""

    base_url: str = "https://api.coingecko.com"
    api_key: SecretStr | None = None


class Ecb(Market):
    """The reference rates of the European Central Bank."""

    base_url: str = "https://www.ecb.europa.eu"
