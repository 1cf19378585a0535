"""Read the environment variables that override keys of the config."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, cast, get_origin

from notifier.config.keys import Config
from notifier.config.table import ConfigTable
from notifier.errors import ConfigError

FILE_VARIABLE = "NOTIFIER_CONFIG"
OTHER_VARIABLES = (FILE_VARIABLE, "NOTIFIER_DEBUG")  # they begin with PREFIX, but set no key
PREFIX = "NOTIFIER_"  # environment variables that override keys begin with this
NESTING = "__"  # in an environment variable, separates the name of a table from the name of a key


def read_overrides() -> dict[str, Any]:
    """Return the tables and keys that environment variables set; `NOTIFIER_SMTP__HOST` sets `host` in `[smtp]`.

    Variables that name no table and no top-level key are left out; `unknown_variables` returns them. Raises
    ConfigError for a variable that sets a table or a list, and whose value is not JSON.
    """
    names = [name for name in _names() if _is_known(name)]
    if not names:
        return {}
    from pydantic_settings import EnvSettingsSource, SettingsError

    source = EnvSettingsSource(cast(Any, Config), env_prefix=PREFIX, env_nested_delimiter=NESTING)
    try:
        return source()
    except SettingsError:
        suspects = [name for name in names if NESTING not in name or _sets_list(name)]
        raise ConfigError(
            f"the environment: {' or '.join(suspects) or 'a variable'} sets a table or a list, but is not JSON; set "
            """single keys, as in NOTIFIER_SMTP__HOST=mail.example.org, and write lists as ["https://group.example.org"]"""
        ) from None


def variable_of(place: Iterable[int | str]) -> str:
    """Return the name of the variable that sets the key at this place: a table and a key, or a key at the top."""
    return PREFIX + NESTING.join(map(str, place)).upper()


def unknown_variables() -> list[str]:
    """Return a warning, with the cure, for each environment variable that looks like a key but is not one.

    This is not an error, because others set such variables too. Kubernetes does so for each service named notifier.
    """
    return [_warning(name) for name in _names() if not _is_known(name)]


def _names() -> Iterator[str]:
    names = (variable.upper() for variable in sorted(os.environ))
    return (name for name in names if name.startswith(PREFIX) and name not in OTHER_VARIABLES)


def _is_known(variable: str) -> bool:
    """Return whether a variable names a table or a top-level key; the keys in a table are checked as in a file."""
    return variable.removeprefix(PREFIX).lower().split(NESTING)[0] in Config.model_fields


def _sets_list(variable: str) -> bool:
    """Return whether a variable sets a key whose value is a list."""
    table, key, *_ = [*variable.removeprefix(PREFIX).lower().split(NESTING), ""]
    kind = Config.model_fields[table].annotation
    field = kind.model_fields.get(key) if isinstance(kind, type) and issubclass(kind, ConfigTable) else None
    return field is not None and get_origin(field.annotation) is tuple


def _warning(variable: str) -> str:
    near = get_close_matches(variable.removeprefix(PREFIX), _all_names(), n=1, cutoff=0.7)
    cure = (
        f"did you mean {PREFIX}{near[0]}?"
        if near
        else "if it is meant for notifier, see config.example.toml for the keys"
    )
    return f"the environment variable {variable} names no key and changes nothing; {cure}"


def _all_names() -> Iterator[str]:
    """Return the names of the variables of all tables and of all keys, without the prefix."""
    for table, field in Config.model_fields.items():
        yield table.upper()
        if isinstance(field.annotation, type) and issubclass(field.annotation, ConfigTable):
            yield from (f"{table}{NESTING}{key}".upper() for key in field.annotation.model_fields)
