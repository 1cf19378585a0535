"""The web application: all pages, guards and error pages put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from http import HTTPStatus

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from notifier.config import Config, metrics_token
from notifier.errors import StoreError, UsageError
from notifier.models import Clock
from notifier.web import admin, assets, health, metrics, unsubscribing
from notifier.web.admin.access import ForwardableSessionError, ask_to_sign_in
from notifier.web.allowed_methods import allowed_methods
from notifier.web.api import documents, make_api, serve_api
from notifier.web.compression import zip_responses
from notifier.web.failure_log import DatabaseFailureLog
from notifier.web.feeds import private, searches
from notifier.web.feeds.published import serve_published
from notifier.web.fields import sentence
from notifier.web.guards import SECURITY_HEADERS, limit_bodies, secure_responses
from notifier.web.pages import ROUTERS
from notifier.web.sessions import NotSignedInError
from notifier.web.site import Site, page, site_of

RETRY_SECONDS = 60

FEED_ROUTERS = (searches.router, private.router)


def make_app(
    engine: Engine,
    config: Config,
    clock: Clock,
    late_loops: Callable[[], Sequence[str]] = tuple,
    metrics_text: Callable[[], bytes] | None = None,
) -> FastAPI:
    """Make the web application of one service, which shows what is in its store.

    Its pages are at the path of the base URL and also at the root, for proxies that remove this path.

    `late_loops` returns the names of the service's loops that have finished no round for too long; see `health`.
    `metrics_text` returns the metrics; without it there are none. Raises ConfigError if the templates folder, the
    secret key or the token for the metrics is missing.
    """
    application = FastAPI(title="notifier", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    site = application.state.site = site_of(engine, config, clock, late_loops)
    application.state.metrics, application.state.metrics_token = metrics_text, metrics_token(config)
    application.state.database_failures = DatabaseFailureLog()
    application.state.api = api = make_api(site, application.state.database_failures)
    _include_routers(application, site.root, [metrics.router] if metrics_text else [])
    _add_middleware(application, site, api)
    _add_error_pages(application)
    return application


def _include_routers(application: FastAPI, root_of_site: str, optional: Sequence[APIRouter]) -> None:
    """Include all routers, and the `optional` ones, below the path of the base URL and also at the root."""
    roots = tuple(dict.fromkeys((root_of_site, "")))
    for root in roots:
        for router in (health.router, documents.router, *optional, assets.router, unsubscribing.router):
            application.include_router(router, prefix=root)
    if root_of_site:  # added before the pages: its path may also be that of a page, such as /papers
        application.add_api_route(root_of_site, _redirect_to_first_page, methods=["GET", "HEAD"])
    for root in roots:
        for router in (*ROUTERS, *admin.ROUTERS, *FEED_ROUTERS):
            application.include_router(router, prefix=root, dependencies=[Depends(_pages_below(root))])


def _add_middleware(application: FastAPI, site: Site, api: FastAPI) -> None:
    """Add what handles each request and response; the middleware that is added last is the outermost."""
    application.add_middleware(serve_api, api, site.root)
    application.add_middleware(zip_responses)
    with_own_limits = [f"{root}{path}" for root in (site.root, "") for path in ("/api/", admin.IMPORT)]
    application.add_middleware(limit_bodies, with_own_limits)
    application.add_middleware(serve_published, site.feed_files, site.root)
    application.add_middleware(secure_responses)  # outermost, so that it also covers the responses of limit_bodies


def _add_error_pages(application: FastAPI) -> None:
    """Add the page that answers each kind of error."""
    application.add_exception_handler(HTTPException, _refusal_page)
    application.add_exception_handler(NotSignedInError, _redirect_to_sign_in)
    application.add_exception_handler(ForwardableSessionError, ask_to_sign_in)
    application.add_exception_handler(UsageError, _nothing_changed_page)
    application.add_exception_handler(StoreError, _database_error_page)
    application.add_exception_handler(SQLAlchemyError, _database_error_page)
    application.add_exception_handler(Exception, _internal_error_page)


def _pages_below(root: str) -> Callable[[Request], Awaitable[None]]:
    """Return a dependency that tells each page whether its path begins with that of the base URL, or at the root."""

    async def remember(request: Request) -> None:
        request.state.pages_below = root

    return remember


def _redirect_to_first_page(request: Request) -> Response:
    """Redirect from the path of the base URL, such as `/digests`, to the first page at `/digests/`."""
    return RedirectResponse(f"{request.app.state.site.root}/", HTTPStatus.PERMANENT_REDIRECT)


def _refusal_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = allowed_methods(request)
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    status = HTTPStatus(error.status_code)
    response = page(request.app.state.site, "refusal", status, status_name=status.name)
    response.headers.update(headers)
    return response


def _redirect_to_sign_in(request: Request, _error: Exception) -> Response:
    """Redirect to the page for signing in; htmx would put that page into another one, unless a header redirects it."""
    path = f"{request.app.state.site.root}/sign-in"
    if "hx-request" in request.headers:
        return Response(headers={"HX-Redirect": path})
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def _nothing_changed_page(request: Request, error: Exception) -> Response:
    """Return a page with the reason why a change is impossible, such as a subscription that was removed meanwhile."""
    return page(request.app.state.site, "nothing_changed", HTTPStatus.CONFLICT, reason=sentence(error))


def _database_error_page(request: Request, error: Exception) -> Response:
    cause = getattr(error, "orig", None) or error  # without the statement, which may hold an address
    request.app.state.database_failures.add(cause)
    unavailable = HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": str(RETRY_SECONDS)})
    return _refusal_page(request, unavailable)


def _internal_error_page(request: Request, _error: Exception) -> Response:
    """Return a page that needs nothing of the store, or plain text if the template fails. The server logs the error."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    with suppress(Exception):  # any error of a template, because this is the page about errors
        response = page(request.app.state.site, "refusal", status, status_name=status.name)
        response.headers.update(SECURITY_HEADERS)
        return response
    words = "Something went wrong here, and the operator can see it in the log. Please try again later.\n"
    return PlainTextResponse(words, status, headers=SECURITY_HEADERS)
