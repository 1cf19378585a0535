"""Tell a WebSub hub that feeds have changed, so that it tells their readers at once (W3C WebSub, section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from notifier.errors import FetchError, shortened

SECONDS = 10.0  # a hub answers at once, because it fetches the feeds afterwards


class _NoRedirects(HTTPRedirectHandler):
    """Takes a redirect for an error: the operator has named the hub, and no other server gets the request."""

    def redirect_request(self, *_arguments: Any, **_keywords: Any) -> None:
        return None


def tell_hub(hub: str, urls: Sequence[str]) -> None:
    """Send the URLs of feeds that have changed to a hub. Raises FetchError if the hub does not accept them."""
    body = urlencode([("hub.mode", "publish"), *(("hub.url", url) for url in urls)]).encode()
    request = Request(hub, body, {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "notifier"})
    opener = build_opener(ProxyHandler({}), _NoRedirects())
    try:
        with opener.open(request, timeout=SECONDS):
            pass
    except HTTPError as error:
        with error:
            raise FetchError(_message(hub, f"it answered {error.code} {error.reason}")) from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise FetchError(_message(hub, str(getattr(error, "reason", error)))) from None


def _message(hub: str, reason: str) -> str:
    return f"the hub {hub} was not told that feeds have changed: {shortened(reason)}; check [feeds] hub"
