"""Run work after the response was sent, so that the time of the response reveals nothing about an address."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec

from fastapi.responses import HTMLResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from notifier.errors import NotifierError

MAX_WAIT = 0.5  # seconds between a response and the work after it

log = logging.getLogger(__name__)

P = ParamSpec("P")

# One thread does the work of all pages. The work may take longer for a known address, but no request waits for it.
# The interpreter ends only after it has done all work.
_worker = ThreadPoolExecutor(1, thread_name_prefix="background")
_random = random.SystemRandom()


def in_background(response: HTMLResponse, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> HTMLResponse:
    """Return the response, and run `work` after it is sent.

    Of a NotifierError or a database error, only the type is logged, because its message may hold an email address.
    After a failure, the visitor has to make the request again; nothing else is lost. The work begins at a random time
    within MAX_WAIT. The next request on the same connection does not wait for it, so nobody can see how long it takes.
    """
    begin = time.monotonic() + _random.uniform(0, MAX_WAIT)

    def run() -> None:
        time.sleep(max(0.0, begin - time.monotonic()))
        try:
            work(*args, **kwargs)
        except (NotifierError, SQLAlchemyError) as error:
            log.error("%s failed after the response: %s", _name_of(work), type(error).__name__)
        except Exception:
            log.exception("%s failed after the response", _name_of(work))

    response.background = BackgroundTask(_worker.submit, run)
    return response


def _name_of(work: Callable[..., object]) -> str:
    return getattr(work, "__name__", "a task")
