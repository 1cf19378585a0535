"""Declare the base class of all tables of the config."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

from notifier.config.values import is_storable


class ConfigTable(BaseModel):
    """One table of the config. It refuses unknown keys, so that a mistyped key does not silently leave the default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _check_text(cls, value: object) -> object:
        """Return the value. Raises ValueError for text with NUL characters or invalid UTF-8."""
        if isinstance(value, str) and not is_storable(value):
            raise ValueError("it has a NUL character or bytes that are not UTF-8; remove them")
        return value
