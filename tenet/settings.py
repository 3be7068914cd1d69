"""The settings of a home: option, then TENET_*, then `.env`, then `tenet.toml`, then the default.

An unknown key, wherever it stands, is an error that names it.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tenet import resources, sources
from tenet.errors import ConfigError

TEMPLATE = """\
# Settings of this tenet home. Each may also be given as TENET_<NAME> in the environment or in a
# file .env beside this one. Secrets belong there or in the keyring, never here.

# The currency of net worth and of every `_base` column (ISO 4217).
base_currency = "{base_currency}"

# Days are calendar days of this time zone (IANA name).
timezone = "{timezone}"

# After so many days without a close, a newer price from the provider is preferred.
# stale_price_days = 7

# What was held for more days than this counts as long term (`tenet gains`).
# long_term_days = 365

# After so many days without data, a local source is pulled before reading.
# refresh_ttl_days = 1
"""


def _known_currency(code: str) -> str:
    if code not in resources.codes("currencies"):
        raise ValueError(f"{code!r} is not an ISO 4217 currency code")
    return code


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin") from error
    return name


def machine_timezone() -> str:
    """The IANA name of this machine's time zone, UTC where it has none."""
    from tzlocal import get_localzone_name

    return get_localzone_name() or "UTC"


class Settings(BaseSettings):
    """What a home is set to. Days are whole days."""

    model_config = SettingsConfigDict(
        env_prefix="TENET_", env_nested_delimiter="__", extra="ignore", frozen=True
    )

    home: Path
    base_currency: Annotated[str, AfterValidator(_known_currency)] = "USD"
    timezone: Annotated[str, AfterValidator(_known_timezone)] = Field(
        default_factory=machine_timezone
    )
    stale_price_days: int = Field(default=7, ge=0)
    refresh_ttl_days: int = Field(default=1, ge=0)
    long_term_days: int = Field(default=365, ge=0)

    simplefin: sources.SimpleFin = sources.SimpleFin()
    snaptrade: sources.SnapTrade = sources.SnapTrade()
    ibkr: sources.Ibkr = sources.Ibkr()
    coinbase: sources.Coinbase = sources.Coinbase()
    schwab: sources.Schwab = sources.Schwab()
    wealthfolio: sources.Wealthfolio = sources.Wealthfolio()
    manual: sources.Manual = sources.Manual()

    yahoo: sources.Yahoo = sources.Yahoo()
    coingecko: sources.CoinGecko = sources.CoinGecko()
    ecb: sources.Ecb = sources.Ecb()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (files of secrets are not used)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Option, environment, .env, tenet.toml."""
        toml = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, dotenv_settings, toml


def load(home: Path, **options: Any) -> Settings:
    """The settings of a home, with `options` before all other sources.

    Raises ConfigError for an unknown key, a value that cannot be used, or a file that is no TOML.
    """
    toml, dotenv = home / "tenet.toml", home / ".env"

    class Located(Settings):
        model_config = SettingsConfigDict(env_file=dotenv, toml_file=toml)

    _require_text(toml)
    _require_text(dotenv)
    try:
        _refuse_unknown(toml, dotenv)
        return Located(home=home, **options)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(toml), f"is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(name, first["msg"].removeprefix("Value error, ")) from error


def _require_text(path: Path) -> None:
    try:
        path.read_text(encoding="utf-8")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), "is not UTF-8 text") from error


def _refuse_unknown(toml: Path, dotenv: Path) -> None:
    """Other programs' variables may stand in `.env`; whatever begins with TENET_ is ours."""
    known = Settings.model_fields
    for name, value in (
        tomllib.loads(toml.read_text(encoding="utf-8")).items() if toml.exists() else ()
    ):
        if name not in known:
            raise ConfigError(name, f"is not a setting ({toml})", known=known)
        _refuse_secrets(name, value)
    for name in [*os.environ, *dotenv_values(dotenv)]:
        if name.startswith("TENET_") and name[6:].split("__")[0].lower() not in known:
            variables = [f"TENET_{field.upper()}" for field in known]
            raise ConfigError(name, "is not a setting", known=variables)


def _refuse_secrets(section: str, given: object) -> None:
    source = Settings.model_fields[section].default
    for name in given if isinstance(source, sources.Source) and isinstance(given, dict) else ():
        field = type(source).model_fields.get(name)
        if field and "SecretStr" in str(field.annotation):
            variable = f"TENET_{section}__{name}".upper()
            raise ConfigError(f"{section}.{name}", f"is a secret; give it as {variable} in .env")
