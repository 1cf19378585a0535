"""The web application: all pages, guards and error pages put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from notifier.config import Config
from notifier.errors import StoreError
from notifier.models import Clock
from notifier.web import health, stylesheet, unsubscribing
from notifier.web.guards import SECURITY_HEADERS, limit_bodies, secure_answers
from notifier.web.site import page, site_of

RETRY_SECONDS = 60

log = logging.getLogger(__name__)


def app(engine: Engine, config: Config, clock: Clock, late_loops: Callable[[], Sequence[str]] = tuple) -> FastAPI:
    """Make the web application of one service, over its store.

    `late_loops` returns the names of the service's loops that have made no round for too long; see `health`. Raises
    ConfigError if the templates folder or the secret key is missing.
    """
    pages = FastAPI(title="notifier", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    pages.state.site = site_of(engine, config, clock, late_loops)
    pages.include_router(health.router)
    pages.include_router(stylesheet.router)
    pages.include_router(unsubscribing.router)
    pages.add_middleware(limit_bodies)
    pages.add_middleware(secure_answers)  # added last, so outermost: it also covers the answers of limit_bodies
    pages.add_exception_handler(HTTPException, _refused)
    pages.add_exception_handler(StoreError, _store_failed)
    pages.add_exception_handler(SQLAlchemyError, _store_failed)
    pages.add_exception_handler(Exception, _failed)
    return pages


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = page(request.app.state.site, "refusal", error.status_code, reason=HTTPStatus(error.status_code).name)
    answer.headers.update(error.headers or {})
    return answer


def _store_failed(request: Request, error: Exception) -> Response:
    reason = getattr(error, "orig", None) or error  # without the statement, which may hold an address
    log.error("the database does not answer: %s", reason)
    unavailable = HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": str(RETRY_SECONDS)})
    return _refused(request, unavailable)


def _failed(_request: Request, _error: Exception) -> Response:
    """Answer without a template, because a template may be what failed. The server logs the error."""
    words = "Something went wrong here, and the operator can see it in the log. Please try again later.\n"
    return PlainTextResponse(words, HTTPStatus.INTERNAL_SERVER_ERROR, headers=SECURITY_HEADERS)
