"""Read the secret key, whose file the config names, and refuse files that hold no key."""

from __future__ import annotations

import re
from pathlib import Path

from notifier.config.keys import Config
from notifier.errors import ConfigError
from notifier.private_files import is_open_to_others

SHORTEST_SECRET = 32  # bytes; an HMAC key should be at least as long as a hash, here SHA-256 (RFC 2104, section 3)
_LONGEST_FILE = 4096  # bytes; a device such as /dev/zero has no end

# Hexadecimal or base64 digits: `notifier init` makes 64 hexadecimal digits, and other tools make keys of these forms.
_KEY = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_OWN_KEY = re.compile(rb"[0-9a-f]{64}")
_CURE = "set secret_file to a file of its own, such as var/secret.key, and `notifier init` makes a key there"


def secret_key(config: Config) -> bytes:
    """Read the key that signs the links in mails. Raises ConfigError if the file is missing or holds no key."""
    file = config.path(config.secret_file)
    try:
        key = _read(file)
    except OSError as error:
        raise ConfigError(f"cannot read the secret key {file}: {error.strerror}; `notifier init` makes it") from None
    _check(file, key)
    return key


def check_key_file(config: Config) -> None:
    """Raise ConfigError if the file of the secret key holds anything but a key: other people may know its content.

    It is no error yet if the file is missing, or if this user may not read it. `secret_key` raises these errors when
    the key is needed.
    """
    file = config.path(config.secret_file)
    try:
        key = _read(file)
    except OSError:
        return
    _check(file, key)


def _read(file: Path) -> bytes:
    """Return the content of the file without white space around it. Raises OSError, or ConfigError if it is no file."""
    if file.exists() and not file.is_file():
        raise ConfigError(f"secret_file: {file} is no file; {_CURE}")
    with file.open("rb") as opened:
        return opened.read(_LONGEST_FILE + 1).strip()


def _check(file: Path, key: bytes) -> None:
    if len(key) > _LONGEST_FILE or (key and not _KEY.fullmatch(key)):
        raise ConfigError(f"secret_file: {file} is not the secret key, but another file; {_CURE}")
    if len(key) < SHORTEST_SECRET:
        raise ConfigError(f"the secret key {file} is too short; remove it, and `notifier init` makes a good one")
    if is_open_to_others(file) and not _OWN_KEY.fullmatch(key):
        raise ConfigError(
            f"secret_file: other users of this machine may read {file}, and notifier did not make it; "
            "if it is your key, run chmod 640 on it, else name another file"
        )
