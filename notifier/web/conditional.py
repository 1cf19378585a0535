"""Answer 304 for a page that the client has already (RFC 9110, section 13)."""

from __future__ import annotations

from hashlib import sha256
from http import HTTPStatus

from fastapi import Request, Response

ETAG_DIGITS = 32  # 128 bits


def conditional(request: Request, response: Response) -> Response:
    """Give a page an ETag, and return 304 if the client has it.

    The ETag is weak, because the same page may be sent with and without gzip. A page may show
    who is signed in, so only the browser may keep it, and it asks each time whether the page has changed.
    """
    etag = f'W/"{sha256(response.body).hexdigest()[:ETAG_DIGITS]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if "content-location" in response.headers:
        headers["Content-Location"] = response.headers["content-location"]
    known = {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
    if not known.isdisjoint((etag, etag.removeprefix("W/"), "*")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    response.headers.update(headers)
    return response
