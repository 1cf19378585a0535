"""The health checks, for a monitor or a load balancer."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from notifier.arrivals import source_health, without_paths
from notifier.errors import StoreError
from notifier.store import inspection, reading, subscribers
from notifier.web.site import Site, SiteDependency

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


@router.api_route("/readyz", methods=["GET", "HEAD"])
def readyz(site: SiteDependency) -> Response:
    """Return 200 if the database answers and has the schema of this version, and else 503 with one plain sentence."""
    trouble = _why_not_ready(site)
    status = HTTPStatus.SERVICE_UNAVAILABLE if trouble else HTTPStatus.OK
    return PlainTextResponse(f"{trouble or 'ready'}\n", status, headers={"Cache-Control": "no-store"})


def _why_not_ready(site: Site) -> str | None:
    """Return why, in a sentence for strangers, without names of files, servers or users; None if all is well."""
    with suppress(StoreError, SQLAlchemyError), reading(site.engine) as connection:
        trouble = inspection.schema_trouble(connection)
        return f"Not ready: {trouble}." if trouble else None
    return "Not ready: the database does not answer."
