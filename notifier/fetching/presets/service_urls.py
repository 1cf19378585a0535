"""Make the URLs of requests to services, and find the pause between two requests."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from notifier.config import SourceConfig


def service_url(source: SourceConfig, base: str, path: str, query: Mapping[str, str | int] | None = None) -> str:
    """Return the URL of a request to a service at `base`, or at the `url` of the source if it has one.

    The source's url may already end with the path.
    """
    given = (source.url or base).rstrip("/")
    whole = given if source.url and given.endswith(path) else given + path
    return f"{whole}?{urlencode(query, quote_via=quote, safe=':')}" if query else whole


def pause_of(source: SourceConfig, usual: float) -> float:
    """Return the pause between two requests, in seconds: that of the source's config, or else the usual one."""
    return usual if source.pause_seconds is None else source.pause_seconds
