"""Read the secret key, whose file the config names."""

from __future__ import annotations

from notifier.config.keys import Config
from notifier.errors import ConfigError

SHORTEST_SECRET = 32  # bytes; an HMAC key should be at least as long as a hash, here SHA-256 (RFC 2104, section 3)


def secret_key(config: Config) -> bytes:
    """Read the key that signs the links in mails. Raises ConfigError if the key is missing or too short."""
    file = config.path(config.secret_file)
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"cannot read the secret key {file}: {error.strerror}; `notifier init` makes it") from None
    if len(key) < SHORTEST_SECRET:
        raise ConfigError(f"the secret key {file} is too short; remove it, and `notifier init` makes a good one")
    return key
