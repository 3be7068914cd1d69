"""The key of Coinbase's Developer Platform, and the token that it signs for each request."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tenet.errors import ProviderSyncError

if TYPE_CHECKING:
    from pathlib import Path

SIGNED_HOST = "api.coinbase.com"
LIFE = 120
"""Seconds that a token is good for."""


@dataclass(frozen=True)
class Key:
    """A key: its name, and the private half on the curve P-256 or Ed25519."""

    name: str
    private: EllipticCurvePrivateKey | Ed25519PrivateKey = field(repr=False)

    def token(self, method: str, path: str, *, now: int, nonce: str) -> str:
        """The JWT for one request. path: without the query, which the host leaves out too."""
        is_edwards = isinstance(self.private, Ed25519PrivateKey)
        return jwt.encode(
            {
                "sub": self.name,
                "iss": "cdp",
                "nbf": now,
                "exp": now + LIFE,
                "uri": f"{method} {SIGNED_HOST}{path}",
            },
            self.private,
            algorithm="EdDSA" if is_edwards else "ES256",
            headers={"kid": self.name, "nonce": nonce},
        )


def read_key(path: Path) -> Key:
    """The key of a downloaded file: JSON with name (or id) and privateKey.

    The private key is PEM, its line ends possibly written out, or base64 of 32 or 64 bytes.
    Raises ProviderSyncError (auth, key_file); it tells nothing of what the file holds.
    """
    try:
        name, text = _texts(path)
        return Key(name, _private(text))
    except OSError as error:
        problem = error.strerror or "it cannot be read"
    except (ValueError, TypeError, UnsupportedAlgorithm):
        problem = "it is no key file of Coinbase"
    raise ProviderSyncError(
        "auth", f"{path.name}: {problem}", code="key_file", institution="Coinbase"
    )


def secrets_of(path: Path) -> tuple[str, ...]:
    """What of a key file must never be written anywhere; nothing where it cannot be read."""
    try:
        _, text = _texts(path)
    except (OSError, ValueError):
        return ()
    return (text, *(line for line in text.splitlines() if len(line) > 20 and "-----" not in line))


def _texts(path: Path) -> tuple[str, str]:
    told = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(told, dict):
        raise ValueError("no JSON object")
    name, text = told.get("name") or told.get("id"), told.get("privateKey")
    if not isinstance(name, str) or not isinstance(text, str):
        raise ValueError("no name or no privateKey")
    return name, text.replace("\\n", "\n").strip()


def _private(text: str) -> EllipticCurvePrivateKey | Ed25519PrivateKey:
    if not text.startswith("-----BEGIN"):
        seed = base64.b64decode("".join(text.split()), validate=True)
        if len(seed) not in (32, 64):
            raise ValueError("no Ed25519 key")
        return Ed25519PrivateKey.from_private_bytes(seed[:32])
    key = load_pem_private_key(text.encode(), password=None)
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("neither P-256 nor Ed25519")
