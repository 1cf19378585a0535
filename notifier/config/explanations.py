"""Explain what is wrong with a config."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

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
    if kind != "extra_forbidden":
        return f"{key}: {message.removeprefix('Value error, ')}"
    near = get_close_matches(str(place[-1]), _known_names(place), n=1)
    return f"{key} is not a key that notifier knows" + (
        f"; did you mean {near[0]}?" if near else "; see config.example.toml"
    )


def _known_names(place: tuple[int | str, ...]) -> list[str]:
    if len(place) == 1:
        return list(Config.model_fields)
    table = Config.model_fields.get(str(place[0]))
    part = table.annotation if table else None
    return list(part.model_fields) if isinstance(part, type) and issubclass(part, BaseModel) else []
