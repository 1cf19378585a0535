"""What the bodies of requests have in common: a field that the operation does not know is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue

from notifier.errors import QueryError, UsageError
from notifier.models import Cadence
from notifier.subscribers import MAX_NAME_LENGTH
from notifier.web.api.problems import ProblemError
from notifier.web.fields import sentence
from notifier.web.forms import LARGEST_ID


def _plain_digits(given: Any) -> Any:
    if isinstance(given, str) and not re.fullmatch("-?[0-9]+", given):
        raise ValueError("give a whole number in digits, without spaces and other signs")
    return given


def _plain_day(given: Any) -> Any:
    if not (isinstance(given, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", given)):
        raise ValueError("give a day as YYYY-MM-DD")
    return given


Digits = BeforeValidator(_plain_digits)  # for whole numbers; pydantic alone takes ` 1`, `+1` and `1_0` too
Day = Annotated[date, BeforeValidator(_plain_day)]  # pydantic alone takes seconds since 1970 and times too
RowId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="An id from a list."), Digits]
EmailText = Annotated[str, Field(min_length=3, max_length=254, json_schema_extra={"format": "email"})]
TopicSlug = Annotated[str, Field(min_length=1, max_length=200, description="The slug of a topic, `all` or `trending`.")]
Name = Annotated[str, Field(max_length=MAX_NAME_LENGTH, description="The heading in digests; empty for none.")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@dataclass(frozen=True)
class _NotNull:
    """Describe a value that may be None here as one that is never null in a request."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema without the alternative null."""
        found = handler(schema)
        (kind,) = (each for each in found.pop("anyOf") if each.get("type") != "null")
        return {**kind, **found}


Given = TypeVar("Given")
# A value that a request may leave out, but not set to null. Not `Given | SkipJsonSchema[None]`, because the errors of
# that name both alternatives.
Omittable = Annotated[Given | None, _NotNull()]


class Input(BaseModel):
    """A body that may not have unknown fields. A field without a value must be left out; it may not be null."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, given: Any) -> Any:
        empty = [name for name, value in given.items() if value is None] if isinstance(given, dict) else []
        if empty:
            raise ValueError(f"{empty[0]} is null; leave out a field that shall stay as it is")
        return given


class ScheduleInput(Input):
    """When digests come. A field that is left out stays as it is; for a new subscriber, it gets its default."""

    cadence: Omittable[Cadence] = None
    hour: Omittable[Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]] = Field(
        default=None, description="The time of day in the subscriber's time zone."
    )
    timezone: Omittable[Annotated[str, Field(max_length=100)]] = Field(
        default=None, description="An IANA name, such as `Europe/Berlin`."
    )
    weekday: Omittable[Weekday] = Field(default=None, description="The day of weekly digests.")


@contextmanager
def as_conflict() -> Iterator[None]:
    """Answer 409 if the state of something that exists does not allow what is asked."""
    try:
        yield
    except QueryError:
        raise
    except UsageError as error:
        raise ProblemError(HTTPStatus.CONFLICT, sentence(error)) from None
