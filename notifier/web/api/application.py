"""Put the operations of the API together, and answer requests for paths and methods that do not exist."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from notifier import __version__
from notifier.web.allowed_methods import allowed_methods
from notifier.web.api import deliveries, dumps, papers, previews, reactions, status, subscribers, subscriptions, topics
from notifier.web.api.allowances import Allowances
from notifier.web.api.lists import PATH
from notifier.web.api.problems import problem, problem_of
from notifier.web.failure_log import DatabaseFailureLog
from notifier.web.guards import SECURITY_HEADERS
from notifier.web.site import Site

# The order of the documentation.
ROUTERS = (
    papers.router,
    topics.router,
    previews.router,
    subscribers.router,
    subscriptions.router,
    reactions.router,
    deliveries.router,
    dumps.router,
    status.router,
)


def make_api(site: Site, failures: DatabaseFailureLog) -> FastAPI:
    """Make the application for all paths below /api."""
    api = FastAPI(
        title=f"{site.config.mail.brand}: API",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api.state.site, api.state.database_failures, api.state.allowances = site, failures, Allowances()
    for router in ROUTERS:
        api.include_router(router, prefix=PATH)
    api.add_exception_handler(HTTPException, _refusal)
    api.add_exception_handler(Exception, _internal_error)
    return api


def serve_api(app: ASGIApp, api: ASGIApp, root: str) -> ASGIApp:
    """Wrap `app` so that `api` answers all paths below `/api`, also if they begin with `root`.

    Starlette's `Mount` is not used, because it does not match paths with a newline.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            for start in (f"{root}/api", "/api"):
                if path == start or path.startswith(f"{start}/"):
                    await api({**scope, "path": f"/api{path.removeprefix(start)}"}, receive, send)
                    return
        await app(scope, receive, send)

    return served


def _refusal(request: Request, error: Exception) -> Response:
    """Answer a request for a path that does not exist, or with a method that its path does not take."""
    assert isinstance(error, HTTPException)
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return problem_of(request, error)
    allow = {"Allow": allowed_methods(request)}
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=allow)
    return problem(HTTPStatus.METHOD_NOT_ALLOWED, "", allow)


def _internal_error(_request: Request, _error: Exception) -> Response:
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "", SECURITY_HEADERS)
