"""The stylesheet of all pages. It has its own URL, because the content security policy allows no inline styles."""

from __future__ import annotations

from fastapi import APIRouter, Response

from notifier.templates import render
from notifier.web.site import SiteDependency

CACHE_SECONDS = 3600  # how long a browser may cache the stylesheet

router = APIRouter()


@router.api_route("/style.css", methods=["GET", "HEAD"])
def stylesheet(site: SiteDependency) -> Response:
    """Serve the stylesheet."""
    css = render(site.templates, "web/style.css.j2")
    return Response(css, media_type="text/css", headers={"Cache-Control": f"public, max-age={CACHE_SECONDS}"})
