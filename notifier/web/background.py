"""Run work after the response was sent, so that the time of the response reveals nothing about an address."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import ParamSpec

from fastapi.responses import HTMLResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from notifier.errors import NotifierError

log = logging.getLogger(__name__)

P = ParamSpec("P")


def in_background(answer: HTMLResponse, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> HTMLResponse:
    """Return the response, after which the work is run. A failure is logged by its kind: the text may hold an address.

    A failure loses only the request itself, which its sender may repeat.
    """

    def run() -> None:
        try:
            work(*args, **kwargs)
        except (NotifierError, SQLAlchemyError) as error:
            name = getattr(work, "__name__", "a task")
            log.error("%s failed after the answer: %s", name, type(error).__name__)

    answer.background = BackgroundTask(run)
    return answer
