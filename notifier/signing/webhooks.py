"""Sign events as the Standard Webhooks specification 1.0.0 says: HMAC-SHA256, version `v1`."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from hashlib import sha256

SECRET_PREFIX = "whsec_"
SHORTEST_SECRET, LONGEST_SECRET = 24, 64  # bytes


def event_signature(key: bytes, event_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header `webhook-signature`."""
    signed = b".".join((event_id.encode(), str(timestamp).encode(), body))
    return f"v1,{b64encode(hmac.digest(key, signed, sha256)).decode()}"


def derived_webhook_key(secret_key: bytes, salt: str) -> bytes:
    """Return the key of an endpoint that has a salt but no secret of its own."""
    return hmac.digest(secret_key, b"webhook " + salt.encode(), sha256)


def webhook_secret(key: bytes) -> str:
    """Return a key in the form in which a receiver is given it."""
    return SECRET_PREFIX + b64encode(key).decode()


def webhook_key(secret: str) -> bytes:
    """Return the key that a secret holds. Raises ValueError, which does not quote the secret, if it holds none."""
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"it does not begin with {SECRET_PREFIX}")
    try:
        key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (Error, ValueError):
        raise ValueError(f"what follows {SECRET_PREFIX} is not base64") from None
    if not SHORTEST_SECRET <= len(key) <= LONGEST_SECRET:
        raise ValueError(f"it has {len(key)} bytes, and {SHORTEST_SECRET} to {LONGEST_SECRET} are allowed")
    return key
