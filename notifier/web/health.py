"""The health check, for a monitor or a load balancer."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from notifier.arrivals import source_health, without_paths
from notifier.store import reading, subscribers
from notifier.web.site import SiteDependency

router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
def healthz(site: SiteDependency, response: Response) -> dict[str, str | dict[str, str]]:
    """Return 200 if the database can be read and no loop of the service is late, and else 503.

    If the database cannot be read, the body is the error page of all pages. If papers may be missing, the status is
    "degraded" and the sources are named; this is 200 too, because a restart of the service would not help.
    """
    with reading(site.engine) as connection:
        subscribers.next_due(connection)
    if late := site.late_loops():
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return {"status": "stuck", "loops": ", ".join(late)}
    if troubled := [each for each in source_health(site.engine, site.config, site.clock()) if each.health.is_trouble]:
        return {"status": "degraded", "sources": {each.name: without_paths(each.sentence) for each in troubled}}
    return {"status": "ok"}
