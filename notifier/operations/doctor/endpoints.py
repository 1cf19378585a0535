"""Check webhooks and channels: that each is enabled, and that its secret or its URL can be read. No request is made."""

from __future__ import annotations

from collections.abc import Iterator

from notifier.errors import ConfigError
from notifier.fetching import endpoint_key
from notifier.models import Endpoint, EndpointKind
from notifier.operations.doctor.findings import Area, Finding, fault, ok, split
from notifier.operations.doctor.setup import Setup
from notifier.sending import opened
from notifier.store import endpoints, reading


def check_endpoints(setup: Setup) -> Iterator[Finding]:
    """Find webhooks and channels to which nothing can be sent."""
    with reading(setup.engine()) as connection:
        found = endpoints.all_endpoints(connection)
    if not found:
        yield ok(Area.ENDPOINTS, "webhooks and channels", "there are none")
    for endpoint in found:
        yield _finding(endpoint, setup)


def _finding(endpoint: Endpoint, setup: Setup) -> Finding:
    is_channel = endpoint.kind is EndpointKind.CHANNEL
    about = f"channel {endpoint.name}" if is_channel else f"webhook {endpoint.id}"
    try:
        if is_channel:
            opened(endpoint, setup.config)
        else:
            endpoint_key(endpoint, setup.config)
    except ConfigError as error:
        return fault(Area.ENDPOINTS, about, *split(str(error)))
    if endpoint.disabled_at:
        enable = f"channel enable {endpoint.name}" if is_channel else f"webhooks enable {endpoint.id}"
        since = f"it is disabled since {endpoint.disabled_at:%Y-%m-%d %H:%M} UTC: {endpoint.disabled_reason}"
        return fault(Area.ENDPOINTS, about, since, f"when that is mended, run `notifier {enable}`")
    return ok(Area.ENDPOINTS, about, f"it is enabled, and goes to {endpoint.shown_url}")
