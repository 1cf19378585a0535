"""Repeat the stored answer to a POST that is sent again with the same Idempotency-Key, without doing it again.

So a program that got no answer, because a connection broke, can safely repeat the request
(draft-ietf-httpapi-idempotency-key-header). Answers are kept for 24 hours, for each token.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus

from fastapi import Request, Response
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from notifier.store import retried, stored_answers, writing
from notifier.store.stored_answers import RequestKey, StoredAnswer
from notifier.web.api.access import Caller
from notifier.web.api.problems import ProblemError

HEADER = "Idempotency-Key"
MAX_KEY = 255  # characters
PATTERN = "^[!-~]+$"  # of a key
REPLAYED = {"Idempotency-Replayed": "true"}


async def answered_once(request: Request, caller: Caller, answer: Callable[[], Awaitable[Response]]) -> Response:
    """Return what `answer` returns, or what it returned before for the same key.

    Raises ProblemError with 409 if the same request is being answered now, and with 422 if the key is not valid, or
    was sent with another request.
    """
    keys = request.headers.getlist(HEADER)
    if request.method != "POST" or not keys or caller.token is None:
        return await answer()
    asked = RequestKey(caller.token.id, _checked_key(keys), await _fingerprint(request))
    site = request.app.state.site
    known = await run_in_threadpool(_begin, site.engine, asked, site.clock())
    if known:
        return _repeated(known, asked)
    try:
        response = await answer()
    except BaseException:
        await run_in_threadpool(_abandon, site.engine, asked)
        raise
    await run_in_threadpool(_finish, site.engine, asked, response)
    return response


def _checked_key(keys: list[str]) -> str:
    """Check that there is exactly one key and that it is valid, and return its hash."""
    if len(keys) != 1 or len(keys[0]) > MAX_KEY or not re.fullmatch(PATTERN, keys[0]):
        detail = f"{HEADER} is one text of at most {MAX_KEY} letters, digits and signs in ASCII, such as a UUID."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    return sha256(keys[0].encode()).hexdigest()


async def _fingerprint(request: Request) -> str:
    head = f"{request.method} {request.url.path}?{request.url.query}\n"
    return sha256(head.encode() + await request.body()).hexdigest()


def _repeated(known: StoredAnswer, asked: RequestKey) -> Response:
    if known.fingerprint != asked.fingerprint:
        detail = f"This {HEADER} was sent with another request; each request needs a key of its own."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    if known.status is None:
        detail = "The same request is being answered now; try again in a moment."
        raise ProblemError(HTTPStatus.CONFLICT, detail, {"Retry-After": "5"})
    location = {"Location": known.location} if known.location else {}
    return Response(known.body, known.status, {**REPLAYED, **location}, known.media_type or None)


@retried
def _begin(engine: Engine, asked: RequestKey, now: datetime) -> StoredAnswer | None:
    with writing(engine) as connection:
        return stored_answers.begin(connection, asked, now)


@retried
def _finish(engine: Engine, asked: RequestKey, response: Response) -> None:
    """Store an answer. If it is a server error, allow the request to be sent again instead."""
    with writing(engine) as connection:
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            stored_answers.abandon(connection, asked)
            return
        texts = (response.headers.get("content-type", ""), response.headers.get("location", ""))
        answer = StoredAnswer(asked.fingerprint, response.status_code, *texts, bytes(response.body))
        stored_answers.finish(connection, asked, answer)


@retried
def _abandon(engine: Engine, asked: RequestKey) -> None:
    with writing(engine) as connection:
        stored_answers.abandon(connection, asked)
