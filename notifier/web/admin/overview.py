"""Show administrators the state of the service: what needs a hand, today's dumps, the sources, and mail by hour."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse

from notifier.operations import read_overview, service_status
from notifier.operations.overview import MAX_DUMPS
from notifier.web.admin.access import Admin, admin, admin_page
from notifier.web.admin.hourly_plot import hourly_plot
from notifier.web.admin.needs import needs_of
from notifier.web.site import SiteDependency

router = APIRouter()


@router.api_route("/admin", methods=["GET", "HEAD"], dependencies=[Depends(admin)])
def add_slash(site: SiteDependency) -> RedirectResponse:
    """Redirect to the overview, whose path ends with a slash."""
    return RedirectResponse(f"{site.root}/admin/", HTTPStatus.PERMANENT_REDIRECT)


@router.api_route("/admin/", methods=["GET", "HEAD"])
def show_overview(site: SiteDependency, who: Admin) -> HTMLResponse:
    """Show what needs a hand, and how papers and mails come and go."""
    now = site.clock()
    status, today = service_status(site.engine, site.config, now), read_overview(site.engine, now)
    values = {
        "found": status,
        "now": now,
        "needs": needs_of(status),
        "plot": hourly_plot(today.mails),
        "dumps": today.dumps,
        "most": MAX_DUMPS,
    }
    return admin_page(site, who, "overview", values)
