"""The fields of a submitted form, or of the query string of a URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request

MAX_FIELDS = 300
LARGEST_ID = (1 << 63) - 1  # the largest id that any database takes
MAX_DIGITS = 19
URL_ENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Form:
    """The values of each field, in the order in which they were sent."""

    values: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """Return the last value of a field without spaces around it; empty if the field was not sent."""
        return self.values.get(name, ("",))[-1].strip()

    def many(self, name: str) -> tuple[str, ...]:
        """Return the different values of a field."""
        return tuple(dict.fromkeys(self.values.get(name, ())))

    def __contains__(self, name: str) -> bool:
        return name in self.values


def _form(pairs: Iterable[tuple[str, str]]) -> Form:
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value)
    return Form(values)


def is_id(text: str) -> bool:
    """Return whether a text can be the id of a row."""
    return text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS and int(text) <= LARGEST_ID


async def _form_of_body(request: Request) -> Form:
    """Return the fields of a submitted form. Refuses an encoding that none of our forms uses."""
    if request.headers.get("content-type", URL_ENCODED).partition(";")[0].strip().lower() != URL_ENCODED:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return _parse_form((await request.body()).decode("utf-8", "replace"))


def _form_of_url(request: Request) -> Form:
    return _parse_form(request.url.query)


def _parse_form(text: str) -> Form:
    try:
        return _form(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None


SubmittedForm = Annotated[Form, Depends(_form_of_body)]
UrlForm = Annotated[Form, Depends(_form_of_url)]  # the fields in the query string
