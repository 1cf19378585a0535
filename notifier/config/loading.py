"""Load the config: find the file, read it, let environment variables override its keys, and check the result."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from notifier.config.environment import FILE_VARIABLE, read_overrides
from notifier.config.explanations import explain
from notifier.config.key_file import check_key_file
from notifier.config.keys import Config
from notifier.config.own_files import (
    check_feeds_folder,
    check_ingest_folder,
    check_secret_file,
    check_source_folders,
    check_written_folders,
)
from notifier.config.secret_files import with_secrets
from notifier.errors import ConfigError

DEFAULT_FILE = "config.toml"
LARGEST_FILE = 4 << 20  # bytes; a device such as /dev/zero has no end


def load(file: Path | None) -> Config:
    """Read the config from `file`, else from the file that NOTIFIER_CONFIG names, else from ./config.toml.

    Without a file all keys have their defaults. Environment variables override the keys of the file. Raises ConfigError
    if the file cannot be read or a value is wrong; the message says what is wrong.
    """
    found = chosen_file(file)
    tables = _read(found) if found else {}
    overrides = read_overrides()
    folder = found.resolve().parent if found else Path.cwd()
    try:
        config = Config(**with_secrets(_merged(tables, overrides), folder))
    except ValidationError as error:
        raise ConfigError(explain(error, found, overrides)) from None
    config = config.located_in(folder)
    check_secret_file(config, found)
    check_key_file(config)
    check_ingest_folder(config, found)
    check_feeds_folder(config, found)
    check_written_folders(config)
    check_source_folders(config, found)
    return config


def chosen_file(file: Path | None) -> Path | None:
    """Return the config file that `load` reads, or None if there is none and the defaults apply."""
    return file or _named_by_environment() or _default_file()


def _named_by_environment() -> Path | None:
    named = os.environ.get(FILE_VARIABLE)
    return Path(named) if named else None


def _default_file() -> Path | None:
    here = Path(DEFAULT_FILE)
    return here if here.exists() else None


def _read(file: Path) -> dict[str, Any]:
    """Return the tables of a config file, which may begin with a byte order mark."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ConfigError(
                f"{file} is larger than {LARGEST_FILE >> 20} MB, so it cannot be a config; "
                "name another file with --config"
            )
        if b"\0" in content:
            raise ConfigError(f"{file} is no UTF-8 text, but perhaps UTF-16; save it in UTF-8")
        return tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot read the config {file}: {error.strerror}; name another with --config") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file} is no UTF-8 text, see line {line}; save it in UTF-8") from None
    except (ValueError, RecursionError) as error:  # RecursionError: brackets that are nested too deeply
        raise ConfigError(f"{file} is not valid TOML: {error}") from None


def _merged(tables: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Return the tables with the overrides in them. If one key of a table is overridden, its other keys stay."""
    merged = dict(tables)
    for key, value in overrides.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
