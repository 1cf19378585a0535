"""Declare the requests that `Client` gives to `Exchange`, and the responses that it gets back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from notifier.fetching.urls import ParsedUrl


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An HTTP request. Without `wants_body`, the body of the response is not read.

    With `answer_bytes`, at most this many bytes of the body are read, whatever the status is, and the rest is left.
    """

    method: str
    url: ParsedUrl
    headers: Mapping[str, str]
    body: bytes = b""
    wants_body: bool = True
    answer_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP response. Header names are in lower case.

    The body is unpacked; it is only read if it is wanted and the status is 200, or as far as `answer_bytes` says.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class PostAnswer(NamedTuple):
    """The status of a response, and the time until which it asks to wait with the next request."""

    status: int
    retry_after: datetime | None

    @property
    def is_success(self) -> bool:
        """Whether what was sent is accepted."""
        return 200 <= self.status < 300
