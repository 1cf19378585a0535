"""Encrypt the URLs of channels with Fernet, by keys that are derived from the service's secret key.

Fernet (AES-128 in CBC mode, with HMAC-SHA256) is in the package cryptography, which the extra `channels` installs.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from notifier.errors import ConfigError

MISSING_EXTRA = "channels need packages that are not installed; install them with `pip install 'notifier[channels]'`"


def encrypted(text: str, secret_key: bytes, salt: str) -> str:
    """Return a text encrypted. Raises ConfigError if the package is missing."""
    return str(_fernet(secret_key, salt).encrypt(text.encode()).decode())


def decrypted(token: str, secret_key: bytes, salt: str) -> str:
    """Return the text that `encrypted` was given. Raises ValueError if it was encrypted with another key."""
    fernet = _fernet(secret_key, salt)
    from cryptography.fernet import InvalidToken

    try:
        return str(fernet.decrypt(token.encode()).decode())
    except InvalidToken:
        raise ValueError("it was encrypted with another secret key") from None


def _fernet(secret_key: bytes, salt: str):  # type: ignore[no-untyped-def]
    try:
        from cryptography.fernet import Fernet
    except ImportError:
        raise ConfigError(MISSING_EXTRA) from None
    return Fernet(urlsafe_b64encode(hmac.digest(secret_key, b"channel " + salt.encode(), sha256)))
