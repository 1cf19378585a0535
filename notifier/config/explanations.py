"""Explain what is wrong with a config."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from notifier.config.keys import Config


def explain(error: ValidationError, file: Path | None) -> str:
    """Return one sentence for each wrong key. Pydantic's copy of the value is left out: it may be a password."""
    explanations = [
        _explanation(detail["loc"], detail["type"], detail["msg"]) for detail in error.errors(include_input=False)
    ]
    return f"{file or 'the environment'}: " + "; ".join(explanations)


def _explanation(place: tuple[int | str, ...], kind: str, message: str) -> str:
    key = ".".join(str(part) for part in place)
    if kind == "path_type":
        return f'{key}: write the path of a file or a folder in quotation marks, such as "var/feeds"'
    if kind == "tuple_type":
        return f'{key}: write a list in brackets, such as ["a", "b"]'
    if kind in ("model_type", "dict_type"):
        return f"{key}: this is a table; write {_header(place)} in a line of its own, and its keys below"
    if kind != "extra_forbidden":
        return f"{key}: {message.removeprefix('Value error, ')}"
    near = get_close_matches(str(place[-1]), _known_names(place), n=1)
    return f"{key} is not a key that notifier knows" + (
        f"; did you mean {near[0]}?" if near else "; see config.example.toml"
    )


def _header(place: tuple[int | str, ...]) -> str:
    """Return the line that begins a table; a table of tables, such as [topics.NAME], has names of the user's own."""
    is_of_tables = get_origin(_annotation(place[0])) is dict
    return f"[{place[0]}.NAME]" if is_of_tables else f"[{'.'.join(map(str, place))}]"


def _known_names(place: tuple[int | str, ...]) -> list[str]:
    if len(place) == 1:
        return list(Config.model_fields)
    kind = _annotation(place[0])
    part = get_args(kind)[-1] if get_origin(kind) is dict else kind
    return list(part.model_fields) if isinstance(part, type) and issubclass(part, BaseModel) else []


def _annotation(table: int | str) -> Any:
    field = Config.model_fields.get(str(table))
    return field.annotation if field else None
