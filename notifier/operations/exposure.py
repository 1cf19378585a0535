"""Warn about files with secrets that other users of the machine may read.

Their modes are not changed: the operator made the config, and the service may run as a user who does not own it.
"""

from __future__ import annotations

from pathlib import Path

from notifier.config import Config
from notifier.private_files import is_open_to_others


def exposed_secrets(config: Config, file: Path | None) -> list[str]:
    """Return a warning, with the cure, for the config `file` and for files of secrets if others may read them.

    A config without a password holds no secret.
    """
    key = config.path(config.secret_file)
    warnings = []
    if file is not None and config.holds_password and is_open_to_others(file):
        warnings.append(f"other users of this machine may read {file}, which holds a password; run chmod 640 on it")
    if is_open_to_others(key):
        warnings.append(f"other users of this machine may read the secret key {key}; run chmod 640 on it")
    token = config.web.metrics_token_file and config.path(config.web.metrics_token_file)
    if token and is_open_to_others(token):
        warnings.append(f"other users of this machine may read the token for the metrics {token}; run chmod 640 on it")
    for what, secret in config.secret_files.items():
        if is_open_to_others(secret):
            warnings.append(f"other users of this machine may read {what} in {secret}; run chmod 640 on it")
    return warnings
