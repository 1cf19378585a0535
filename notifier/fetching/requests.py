"""What passes between the client and the exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.fetching.web_address import WebAddress


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a server."""

    method: str
    address: WebAddress
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply. Header names are in lower case. The body is unpacked; it is only read if the status is 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
