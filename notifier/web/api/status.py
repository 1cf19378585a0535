"""The operation that shows the status of the service, as `notifier status --json` does."""

from __future__ import annotations

from notifier.models import Scope
from notifier.operations import Status, service_status
from notifier.web.api.routes import api_router, reads
from notifier.web.site import SiteDependency

router = api_router("status")


@reads(router, "/status", Scope.READ_STATUS)
def get_status(site: SiteDependency) -> Status:
    """Show papers, sources, subscribers and deliveries in numbers, and what needs the operator's attention."""
    return service_status(site.engine, site.config, site.clock())
