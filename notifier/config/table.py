"""Declare the base class of all tables of the config."""

from __future__ import annotations

from typing import get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from notifier.config.values import is_storable


class ConfigTable(BaseModel):
    """One table of the config. It refuses unknown keys, so that a mistyped key does not silently leave the default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _check_value(cls, value: object, info: ValidationInfo) -> object:
        """Return the value. Raises ValueError for text that cannot be stored, and for `true` in place of a number."""
        if isinstance(value, str) and not is_storable(value):
            raise ValueError("it has a NUL character or bytes that are not UTF-8; remove them")
        if isinstance(value, bool) and info.field_name is not None:
            annotation = cls.model_fields[info.field_name].annotation
            kinds = {annotation, *get_args(annotation)}
            if bool not in kinds and kinds & {int, float}:
                raise ValueError("write a number instead of true or false")
        return value
