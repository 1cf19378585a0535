"""Secrets in files of their own: `password_file` in place of `password`, as systemd and Docker hand them over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from notifier.errors import ConfigError

LARGEST_FILE = 65_536  # bytes; a device such as /dev/zero has no end

# The keys whose value may be in a file, by their tables. The name of the file is the value of KEY_file.
SECRETS = (("store", "url"), ("smtp", "password"), ("fetching", "proxy"))


def with_secrets(tables: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read the secrets whose files the tables name, and return the tables with these secrets filled in.

    Relative paths are relative to `folder`. An empty file counts as no secret, because the units of systemd name a file
    even if there is no password. A value of a wrong type is left as it is, and the check of the whole config refuses
    it. Raises ConfigError if a file cannot be read or holds more than one line, or if a secret is also given in the
    config.
    """
    filled = dict(tables)
    for name, key in SECRETS:
        table = filled.get(name)
        file = table.get(f"{key}_file") if isinstance(table, dict) else None
        if not isinstance(table, dict) or not isinstance(file, str | Path):
            continue
        secret = _secret(f"{name}.{key}_file", folder / file)
        if secret and table.get(key):
            raise ConfigError(f"{name}.{key}: it is given twice, also by {key}_file; leave out one of the two")
        filled[name] = {**table, key: secret} if secret else table
    return filled


def _secret(place: str, file: Path) -> str:
    """Return the line that a file holds; `place` is the key that names the file."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        secret = content.decode().strip()
    except OSError as error:
        raise ConfigError(f"{place}: cannot read {file}: {error.strerror}; check its name and who owns it") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: {file} is no UTF-8 text; write the secret alone into it, in one line") from None
    if len(content) > LARGEST_FILE or len(secret.splitlines()) > 1:
        raise ConfigError(f"{place}: {file} has more than one line; write the secret alone into it")
    return secret
