"""Find the methods that a path takes, for the header Allow."""

from __future__ import annotations

from fastapi import Request
from starlette.routing import Match

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")  # those that any route has


def allowed_methods(request: Request) -> str:
    """Return the methods of all routes at this path; Starlette itself names those of the first route only."""
    found = [method for method in METHODS if _has_route(request, method)]
    return ", ".join([*found, "OPTIONS"])


def _has_route(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
