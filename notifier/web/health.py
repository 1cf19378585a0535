"""Whether the service is well, for a monitor or a load balancer."""

from __future__ import annotations

from fastapi import APIRouter

from notifier.store import reading, subscribers
from notifier.web.site import SiteDependency

router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
def healthz(site: SiteDependency) -> dict[str, str]:
    """200 where the database answers; where it does not, the answer is 503, as on every page."""
    with reading(site.engine) as connection:
        subscribers.next_due(connection)
    return {"status": "ok"}
