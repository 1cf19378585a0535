"""The health check, for a monitor or a load balancer."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from notifier.store import reading, subscribers
from notifier.web.site import SiteDependency

router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
def healthz(site: SiteDependency, response: Response) -> dict[str, str]:
    """Answer 200 if the database answers and every loop of the service makes its rounds.

    Otherwise the answer is 503. If the database does not answer, the body is the error page of all pages.
    """
    with reading(site.engine) as connection:
        subscribers.next_due(connection)
    if late := site.late_loops():
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return {"status": "stuck", "loops": ", ".join(late)}
    return {"status": "ok"}
