"""Settings: option, environment, .env, tenet.toml, default; an unknown key is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenet.errors import ConfigError
from tenet.settings import TEMPLATE, load, machine_timezone

if TYPE_CHECKING:
    from pathlib import Path


def test_the_nearer_source_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(tmp_path).stale_price_days == 7
    (tmp_path / "tenet.toml").write_text("stale_price_days = 1")
    assert load(tmp_path).stale_price_days == 1
    (tmp_path / ".env").write_text("TENET_STALE_PRICE_DAYS=2\nOTHER_PROGRAMS_KEY=x\n")
    assert load(tmp_path).stale_price_days == 2
    monkeypatch.setenv("TENET_STALE_PRICE_DAYS", "3")
    assert load(tmp_path).stale_price_days == 3
    assert load(tmp_path, stale_price_days=4).stale_price_days == 4


def test_the_template_is_what_the_defaults_are(tmp_path: Path) -> None:
    defaults = load(tmp_path)
    text = TEMPLATE.format(base_currency="USD", timezone=machine_timezone())
    (tmp_path / "tenet.toml").write_text(
        text.replace("# stale", "stale").replace("# refresh", "refresh")
    )
    assert load(tmp_path).model_dump() == defaults.model_dump()


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("tenet.toml", "base_curency = 'EUR'", "base_curency: is not a setting"),
        ("tenet.toml", "base_currency = 'EURO'", "'EURO' is not an ISO 4217 currency code"),
        ("tenet.toml", "timezone = 'Mars/Olympus'", "'Mars/Olympus' is not an IANA time zone"),
        ("tenet.toml", "stale_price_days = -1", "greater than or equal to 0"),
        ("tenet.toml", "timezone = ", "is not TOML"),
        (".env", "TENET_TIME_ZONE=UTC", "TENET_TIME_ZONE"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        load(tmp_path)


def test_an_unknown_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENET_BASE_CURENCY", "EUR")
    with pytest.raises(ConfigError, match="TENET_BASE_CURENCY") as failure:
        load(tmp_path)
    assert "TENET_BASE_CURRENCY" in failure.value.hint
