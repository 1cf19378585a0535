"""Read the token that Prometheus must send, from the file that the config names."""

from __future__ import annotations

import re

from notifier.config.keys import Config
from notifier.errors import ConfigError

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,4096}")  # RFC 6750, section 2.1
_CURE = "`openssl rand -hex 32` makes one"


def metrics_token(config: Config) -> str | None:
    """Return the token for the metrics; None if the config names no file. Raises ConfigError if it holds no token."""
    if config.web.metrics_token_file is None:
        return None
    file = config.path(config.web.metrics_token_file)
    try:
        with file.open(encoding="ascii", errors="replace") as opened:
            token = opened.read(8192).strip()
    except OSError as error:
        raise ConfigError(f"web.metrics_token_file: cannot read {file}: {error.strerror}; {_CURE}") from None
    if not _TOKEN.fullmatch(token):
        raise ConfigError(f"web.metrics_token_file: {file} holds no token of 16 characters or more; {_CURE}")
    return token
