"""Show the log of what administrators did."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from notifier.operations import read_admin_log
from notifier.web.admin.access import PER_PAGE, Admin, admin_page
from notifier.web.forms import UrlForm, is_id
from notifier.web.site import SiteDependency

router = APIRouter()


@router.api_route("/admin/log", methods=["GET", "HEAD"])
def show_log(site: SiteDependency, who: Admin, form: UrlForm) -> HTMLResponse:
    """Show what all administrators did, the newest first."""
    before = form.one("before")
    found = read_admin_log(site.engine, PER_PAGE + 1, int(before) if is_id(before) else None)
    older = found[PER_PAGE - 1].id if len(found) > PER_PAGE else None
    return admin_page(site, who, "log", {"entries": found[:PER_PAGE], "older": older})
