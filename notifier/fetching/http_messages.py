"""Declare the requests that `Client` gives to `Exchange`, and the responses that it gets back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.fetching.urls import ParsedUrl


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request."""

    method: str
    url: ParsedUrl
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP response. Header names are in lower case. The body is unpacked; it is only read if the status is 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
