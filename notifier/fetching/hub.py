"""Tell a WebSub hub that feeds have changed, so that it informs feed readers at once (W3C WebSub, section 7)."""

from __future__ import annotations

from collections.abc import Sequence

from notifier.config import FetchingConfig
from notifier.errors import FetchError
from notifier.fetching.client import Client
from notifier.fetching.urls import read_url, shown_url

SECONDS = 10.0  # a hub responds at once, because it fetches the feeds afterwards
DEFAULT_SETTINGS = FetchingConfig()


def tell_hub(hub: str, urls: Sequence[str], settings: FetchingConfig = DEFAULT_SETTINGS) -> None:
    """Send the URLs of feeds that have changed to a hub. Raises FetchError if the hub does not accept them."""
    try:
        with Client(_settings_for(hub, settings)) as client:
            client.post(hub, [("hub.mode", "publish"), *(("hub.url", url) for url in urls)])
    except FetchError as error:
        reason = f"it answered {error.status}" if error.status else error.reason
        raise FetchError(
            f"the hub {shown_url(hub)} was not told that feeds have changed: {reason}",
            "check [feeds] hub",
            status=error.status,
            retry_after=error.retry_after,
        ) from None


def _settings_for(hub: str, settings: FetchingConfig) -> FetchingConfig:
    """Return settings that allow the hub to be on this machine.

    This is safe, because the config names the hub, and no redirect is followed.
    """
    host = read_url(hub).host
    allowed = {"allow_http": (*settings.allow_http, host), "allow_private": (*settings.allow_private, host)}
    return settings.model_copy(update={**allowed, "seconds": SECONDS})
