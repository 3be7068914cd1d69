"""Secrets that are kept in the OS keyring, under `tenet` and the setting's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import SecretStr

if TYPE_CHECKING:
    from tenet.sources import Source

    Section = TypeVar("Section", bound=Source)


def with_keyring(name: str, section: Section) -> Section:
    """The section with secrets that are not set taken from the OS keyring, where that is there."""
    missing = [
        field
        for field, described in type(section).model_fields.items()
        if "SecretStr" in str(described.annotation) and getattr(section, field) is None
    ]
    kept = {field: _from_keyring(f"{name}.{field}") for field in missing}
    return section.model_copy(
        update={field: SecretStr(text) for field, text in kept.items() if text}
    )


def _from_keyring(entry: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        text: str | None = keyring.get_password("tenet", entry)
    except KeyringError:
        return None
    return text
