"""Serve the description of the API: for programs at /openapi.json, and for people at /docs.

The page is rendered here from the same description. So it needs no script, which its Content-Security-Policy would
block, and it loads nothing from other sites.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from notifier.models import Scope
from notifier.web.about_page import about_page
from notifier.web.api.documentation import documentation_of
from notifier.web.api.openapi import openapi_document
from notifier.web.conditional import conditional
from notifier.web.sessions import Visitor
from notifier.web.site import SiteDependency, page, signed_in

DESCRIPTION = "What programs can do here: each operation with its parameters, its answer, and the scope that it needs."

router = APIRouter()


@router.api_route("/openapi.json", methods=["GET", "HEAD"])
def describe_api(request: Request) -> Response:
    """Return the description of the API in OpenAPI 3.1."""
    return conditional(request, JSONResponse(_document(request)))


@router.api_route("/docs", methods=["GET", "HEAD"])
def show_documentation(site: SiteDependency, request: Request, visitor: Visitor) -> Response:
    """Show the description of the API as a page."""
    response = page(
        site,
        "api",
        **signed_in(site, visitor),
        about=about_page(site, "API", DESCRIPTION, "/docs"),
        api=documentation_of(_document(request)),
        base=site.config.web.base_url,
        scopes=list(Scope),
    )
    return conditional(request, response)


def _document(request: Request) -> dict[str, Any]:
    """Return the description, which is made at the first request for it."""
    state = request.app.state
    if not hasattr(state, "openapi"):
        state.openapi = openapi_document(state.api, state.site)
    found: dict[str, Any] = state.openapi
    return found
