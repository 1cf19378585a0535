"""The feeds that `publish` has written, served from the bytes of their files."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from notifier.web.feeds.files import FEED_LIST, FeedFiles
from notifier.web.feeds.representation import PUBLIC, response_to

FOLDER = "/feeds/"


def serve_published(app: ASGIApp, files: FeedFiles, root: str) -> ASGIApp:
    """Wrap `app` so that it gets no request for a feed that was published: `/feeds/SLUG.atom`, `/feeds.opml`.

    Paths may begin with `root`, the path of the base URL, or not, because a proxy may remove it.

    Feed readers ask for these again and again. So they are served without a search through all routes.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        found = files.get(_name(scope, root))
        if found is None:
            await app(scope, receive, send)
        else:
            await response_to(scope["method"], Headers(scope=scope), found, PUBLIC)(scope, receive, send)

    return served


def _name(scope: Scope, root: str) -> str:
    """Return the name of the file that a request is for; empty if it is for something else."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return ""
    path: str = scope["path"]
    for start in dict.fromkeys((root, "")):
        if path.startswith(start + FOLDER):
            return path.removeprefix(start + FOLDER)
        if path == f"{start}/{FEED_LIST}":
            return FEED_LIST
    return ""
