"""Explain what is wrong with a config."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from notifier.config.environment import variable_of
from notifier.config.keys import Config

MOVED = {"fetching.keep_days": "[keep] fetched"}  # keys of earlier versions


def explain(error: ValidationError, file: Path | None, overrides: Mapping[str, Any]) -> str:
    """Return one sentence for each wrong key, after the name of the file or environment variable that has set it.

    `overrides` are the tables and keys that environment variables set. The wrong values are not quoted, because one may
    be a password.
    """
    explanations: dict[str, list[str]] = {}
    for detail in error.errors(include_input=False):
        setter = _variable_that_sets(detail["loc"], overrides) or str(file or "the environment")
        explanations.setdefault(setter, []).append(_explanation(detail["loc"], detail["type"], detail["msg"]))
    return "; ".join(f"{setter}: {'; '.join(each)}" for setter, each in explanations.items())


def _variable_that_sets(place: tuple[int | str, ...], overrides: Mapping[str, Any]) -> str | None:
    """Return the environment variable that sets the key at this place.

    Returns None if no variable does, or if the place is that of a table.
    """
    value: Any = overrides
    for depth, name in enumerate(place):
        if not isinstance(value, Mapping):
            return f"the environment variable {variable_of(place[:depth])}"
        if name not in value:
            return None
        value = value[name]
    return None if isinstance(value, Mapping) else f"the environment variable {variable_of(place)}"


def _explanation(place: tuple[int | str, ...], kind: str, message: str) -> str:
    key = ".".join(str(name) for name in place)
    if kind == "path_type":
        return f'{key}: write the path of a file or a folder in quotation marks, such as "var/feeds"'
    if kind == "tuple_type":
        return f'{key}: write a list in square brackets, such as ["a", "b"]'
    if kind in ("model_type", "dict_type"):
        return f"{key}: this is a table; write {_header(place)} in a line of its own, and its keys below"
    if kind != "extra_forbidden":
        return f"{key}: {message.removeprefix('Value error, ')}"
    if key in MOVED:
        return f"{key} is now {MOVED[key]}; write it there"
    near = get_close_matches(str(place[-1]), _known_names(place), n=1)
    return f"{key} is not a key that notifier knows" + (
        f"; did you mean {near[0]}?" if near else "; see config.example.toml"
    )


def _header(place: tuple[int | str, ...]) -> str:
    """Return the line that begins a table; in a table of tables, such as [topics.NAME], the user chooses the name."""
    is_of_tables = get_origin(_annotation(place[0])) is dict
    return f"[{place[0]}.NAME]" if is_of_tables else f"[{'.'.join(map(str, place))}]"


def _known_names(place: tuple[int | str, ...]) -> list[str]:
    if len(place) == 1:
        return list(Config.model_fields)
    kind = _annotation(place[0])
    table = get_args(kind)[-1] if get_origin(kind) is dict else kind
    return list(table.model_fields) if isinstance(table, type) and issubclass(table, BaseModel) else []


def _annotation(table: int | str) -> Any:
    field = Config.model_fields.get(str(table))
    return field.annotation if field else None
