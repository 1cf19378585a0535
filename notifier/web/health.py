"""The health check, for a monitor or a load balancer."""

from __future__ import annotations

from fastapi import APIRouter

from notifier.store import reading, subscribers
from notifier.web.site import SiteDependency

router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
def healthz(site: SiteDependency) -> dict[str, str]:
    """Answer 200 if the database answers; otherwise 503, as every page does then."""
    with reading(site.engine) as connection:
        subscribers.next_due(connection)
    return {"status": "ok"}
