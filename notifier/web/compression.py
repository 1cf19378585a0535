"""Compress responses for clients whose Accept-Encoding header, in any valid form, takes gzip (RFC 9110, 12.5.3)."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

MIN_ZIPPED = 1000  # bytes; a smaller response fits into one packet anyway
ZIP_LEVEL = 6


def zip_responses(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that its responses are compressed for clients that take gzip.

    Starlette looks for the letters `gzip` in the header, and would also compress for `gzip;q=0`. So the Accept-Encoding
    header that Starlette sees is replaced by the single word `gzip` or `identity`.
    """
    zipping = GZipMiddleware(app, minimum_size=MIN_ZIPPED, compresslevel=ZIP_LEVEL)

    async def zipped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            takes_gzip = accepts_gzip(", ".join(Headers(scope=scope).getlist("accept-encoding")))
            scope = {**scope, "headers": list(scope["headers"])}
            MutableHeaders(scope=scope)["Accept-Encoding"] = "gzip" if takes_gzip else "identity"
        await zipping(scope, receive, send)

    return zipped


def accepts_gzip(text: str) -> bool:
    """Return whether a client with this Accept-Encoding takes gzip (RFC 9110, section 12.5.3)."""
    accepted = dict(_codings(text.lower()))
    return accepted.get("gzip", accepted.get("x-gzip", accepted.get("*", 0.0))) > 0


def _codings(text: str) -> Iterator[tuple[str, float]]:
    for part in text.split(","):
        coding, _, weight = part.partition(";")
        try:
            yield coding.strip(), float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            yield coding.strip(), 0.0
