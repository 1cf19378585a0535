"""Explain the query language to visitors, with examples that run."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from notifier.web.about_page import about_page
from notifier.web.conditional import conditional
from notifier.web.sessions import Visitor
from notifier.web.site import SiteDependency, page, signed_in

TITLE = "How to write a query"
DESCRIPTION = "What a query can say: words, phrases, OR and NOT, fields, prefixes and dates, with examples that run."

router = APIRouter()


@router.api_route("/help/queries", methods=["GET", "HEAD"])
def explain_queries(site: SiteDependency, request: Request, visitor: Visitor) -> Response:
    """Explain what a query can say. docs/query-language.md is the whole description, and has every example too."""
    topic = next((slug for slug in ("quantization", *site.catalogue.topics) if slug in site.catalogue.topics), "")
    response = page(
        site,
        "help_queries",
        **signed_in(site, visitor),
        topic=topic,
        about=about_page(site, TITLE, DESCRIPTION, "/help/queries"),
    )
    return conditional(request, response)
