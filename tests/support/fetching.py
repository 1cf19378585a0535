"""What the tests of fetching share: a client that may ask the scripted server, and the message of a failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from support.https_service import AUTHORITY, HttpsService, Script, https_service

from notifier.config import FetchingConfig
from notifier.errors import FetchError
from notifier.fetching import Client

HOSTS = ("localhost", "papers.example.org", "mirror.example.org", "papers.example.net")  # all lead to loopback


def client_for(
    *, resolve_host: Callable[[str, int], Sequence[str]] = lambda *_: ["127.0.0.1"], **changes: Any
) -> Client:
    """Return a client that may ask localhost, and that does not really wait before it repeats a request."""
    settings = FetchingConfig(**{"ca_file": AUTHORITY, "allow_private": HOSTS, "file_mb": 1, **changes})
    return Client(settings, resolve_host=resolve_host, sleep=lambda _: None)


def failure(
    service: HttpsService, path: str = "/papers", host: str = "localhost", scheme: str = "", **changes: Any
) -> FetchError:
    """Return the error with which fetching a path of a running server fails."""
    with client_for(**changes) as client, pytest.raises(FetchError) as caught:
        client.get(service.url(path, host).replace(service.scheme, scheme or service.scheme))
    return caught.value


def problem(script: Script | Mapping[str, Script], certificate: str | None = "web", **changes: Any) -> str:
    """Return the message with which fetching `/papers` from a server with these scripts fails, without its port."""
    scripts = script if isinstance(script, Mapping) else {"/papers": script}
    with https_service(scripts, certificate=certificate) as service:
        return str(failure(service, **changes)).replace(f":{service.port}", "")
