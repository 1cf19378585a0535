"""The pages of the inbox: the list of messages, one message, and the HTML of a message for a frame.

The HTML comes from a mail, so it is shown in a sandbox without script, forms, and anything from the network.
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from notifier.templates import environment, render
from notifier.webmail.messages import Message, headings, in_new_tabs, message, split_at_urls

# Other names would let a site on the network read the mails, if its name leads to this machine (DNS rebinding).
HOSTS = ["127.0.0.1", "localhost"]

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

router = APIRouter()


def make_app(folder: Path, home: str) -> FastAPI:
    """Make the application that shows the messages of a Maildir; `home` is the URL of notifier's own pages."""
    application = FastAPI(title="inbox", openapi_url=None, docs_url=None, redoc_url=None)
    application.state.folder, application.state.home, application.state.templates = folder, home, environment()
    application.include_router(router)
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    return application


@router.get("/")
def inbox(request: Request) -> Response:
    """List the messages, the newest first."""
    return _page(request, "inbox", messages=headings(request.app.state.folder))


@router.get("/mails/{key}")
def html_view(request: Request, key: str) -> Response:
    """Show a message with its HTML, or as text if it has none."""
    found = _message(request, key)
    return _page(request, "message", message=found, pieces=split_at_urls(found.text), as_text=not found.html)


@router.get("/mails/{key}/text")
def text_view(request: Request, key: str) -> Response:
    """Show a message as text."""
    found = _message(request, key)
    return _page(request, "message", message=found, pieces=split_at_urls(found.text), as_text=True)


@router.get("/mails/{key}/html")
def html_alone(request: Request, key: str) -> Response:
    """Serve the HTML of a message for the frame of `html_view`."""
    found = _message(request, key)
    return HTMLResponse(in_new_tabs(found.html), headers={**HEADERS, "Content-Security-Policy": MAIL_POLICY})


@router.get("/style.css")
def stylesheet(request: Request) -> Response:
    """Serve the stylesheet."""
    css = render(request.app.state.templates, "webmail/style.css.j2")
    return Response(css, media_type="text/css", headers=HEADERS)


def _message(request: Request, key: str) -> Message:
    found = message(request.app.state.folder, key)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


def _page(request: Request, name: str, **values: object) -> Response:
    state = request.app.state
    html = render(state.templates, f"webmail/{name}.html.j2", home=state.home, **values)
    return HTMLResponse(html, headers={**HEADERS, "Content-Security-Policy": PAGE_POLICY})
