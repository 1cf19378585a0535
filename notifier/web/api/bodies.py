"""Read the body of a request, and refuse one that the operation would misread.

JSON is UTF-8, and no field comes twice. A body of another type is refused by its name, instead of being taken for a
field that is missing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.message import Message
from http import HTTPStatus
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from notifier.errors import shortened
from notifier.text.harmless import inert
from notifier.web.api.problems import ProblemError, WrongField
from notifier.web.guards import whole_body

NO_FIELDS = (b"", b"{}")  # many clients send {} if there is nothing to say


async def read_body(request: Request, limit: int) -> None:
    """Read the body, so that FastAPI finds it in the request.

    Raises ProblemError with 413 if it is too large, and with 400 if the client disconnects before its end.
    """
    try:
        body = await whole_body(request.receive, limit)
    except ClientDisconnect:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The connection ended before the body did.") from None
    if body is None:
        detail = f"The body of this request has more than {limit:,} bytes, which is the limit."
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, {"Connection": "close"})
    request._body = body


async def read_json(request: Request) -> None:
    """Parse the body, so that FastAPI finds the document in the request.

    Raises ProblemError with 415 if the body is not declared as JSON, with 400 if it is none, and with 422 if a field
    comes twice.
    """
    body = await request.body()
    if not body:
        return
    kind, coding = _media_type(request), request.headers.get("content-encoding", "identity").lower()
    if not (kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))):
        raise _unsupported("This operation takes JSON; send it with the header `Content-Type: application/json`.")
    if coding != "identity":
        raise _unsupported("This operation takes JSON that is not compressed.")
    request._json = _parsed(body)


async def refuse_fields(request: Request) -> None:
    """Raise ProblemError with 422 if a request without fields has a body."""
    if (await request.body()).strip() not in NO_FIELDS:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "This operation takes no body.")


async def refuse_forms(request: Request) -> None:
    """Raise ProblemError with 415 if an uploaded file is wrapped in a form."""
    if _media_type(request).startswith("multipart/"):
        raise _unsupported("Send the bytes of the file alone, not in a form: `curl --data-binary @FILE`, not `-F`.")


def _media_type(request: Request) -> str:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    return message.get_content_type()


def _unsupported(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        reason = f": {error.msg} at line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):  # not UTF-8, a number of thousands of digits, or nested too deeply
        reason = ""
    raise ProblemError(HTTPStatus.BAD_REQUEST, f"The body of this request is not JSON in UTF-8{reason}.")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of an object. Raises ProblemError with 422 if one comes twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            shown = inert(shortened(name, 100))
            wrong = WrongField(where=["body", shown], detail="This field comes twice; give it once.")
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{shown}: {wrong.detail}", errors=[wrong])
        found[name] = value
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are not JSON
