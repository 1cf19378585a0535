"""The stylesheet and the scripts of the pages. The content security policy allows none of them inside of a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response

from notifier.templates import render
from notifier.web.site import SiteDependency

CACHE_SECONDS = 3600  # how long a browser may cache these files
CACHED = {"Cache-Control": f"public, max-age={CACHE_SECONDS}"}
FILES = Path(__file__).parent / "files"
SCRIPTS = ("htmx.min.js", "zone.js")

router = APIRouter()


@router.api_route("/style.css", methods=["GET", "HEAD"])
def stylesheet(site: SiteDependency) -> Response:
    """Serve the stylesheet."""
    return Response(render(site.templates, "web/style.css.j2"), media_type="text/css", headers=CACHED)


@router.api_route("/scripts/{name}", methods=["GET", "HEAD"])
def script(name: str) -> Response:
    """Serve one of the SCRIPTS."""
    if name not in SCRIPTS:
        raise HTTPException(404)
    return Response(_content(name), media_type="text/javascript", headers=CACHED)


@cache
def _content(name: str) -> bytes:
    return (FILES / name).read_bytes()
