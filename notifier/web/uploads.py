"""Read a form that uploads a file: `multipart/form-data` (RFC 7578)."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from notifier.web.guards import whole_body

MAX_UPLOAD = 8 << 20  # bytes
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Upload:
    """The body of a form with a file, and its Content-Type, which says where each field ends."""

    content_type: str
    body: bytes

    def fields(self) -> dict[str, bytes]:
        """Return the content of each field, and of a file, by the name of the field.

        The body has the form of a MIME message (RFC 2046), so the parser of messages reads it.
        """
        head = b"Content-Type: " + self.content_type.encode("latin-1") + b"\r\n\r\n"
        message = message_from_bytes(head + self.body, EmailMessage, policy=policy.default)
        found: dict[str, bytes] = {}
        for part in message.iter_parts() if message.is_multipart() else ():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(content, bytes):
                found[name] = content
        return found


async def _upload(request: Request) -> Upload:
    """Read a form with a file. The middleware that limits bodies must leave its path alone."""
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != MULTIPART:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    body = await whole_body(request.receive, MAX_UPLOAD)
    if body is None:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"Connection": "close"})
    return Upload(kind, body)


UploadedForm = Annotated[Upload, Depends(_upload)]
