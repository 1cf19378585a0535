"""The operations on deliveries: list them, show one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import BaseModel, Field

from notifier.errors import UsageError
from notifier.models import DeliveryState, ListOrder, Scope
from notifier.operations import DeliverySummary, deliveries_before, find_delivery
from notifier.web.api.inputs import Omittable, RowId
from notifier.web.api.lists import After, link_to_next, no_page, page_request
from notifier.web.api.problems import not_found
from notifier.web.api.routes import api_router, reads
from notifier.web.forms import LARGEST_ID
from notifier.web.list_orders import numbers_of
from notifier.web.site import SiteDependency

PER_PAGE = 100

router = api_router("deliveries")


class DeliveryList(BaseModel):
    """A page of the list of deliveries."""

    deliveries: list[DeliverySummary]
    next: str | None = Field(description="The URL of the next page, as in the header Link; null on the last page.")


@reads(router, "/deliveries", Scope.READ_DELIVERIES)
def list_deliveries(
    site: SiteDependency,
    response: Response,
    state: Annotated[Omittable[DeliveryState], Query(description="Only those in this state.")] = None,
    after: After = "",
) -> DeliveryList:
    """List the deliveries, newest first, 100 a page."""
    (before,) = (numbers_of(after, 1) or (None,)) if after else (LARGEST_ID,)
    if before is None:
        raise no_page()
    found = deliveries_before(site.engine, before, PER_PAGE + 1, state)
    asked = page_request(site, "/deliveries", [ListOrder.NEWEST], None, after, [("state", state)] if state else [])
    mark = (found[PER_PAGE - 1].id,) if len(found) > PER_PAGE else None
    return DeliveryList(deliveries=found[:PER_PAGE], next=link_to_next(response, asked.following(mark)))


@reads(router, "/deliveries/{delivery_id}", Scope.READ_DELIVERIES)
def get_delivery(site: SiteDependency, delivery_id: RowId) -> DeliverySummary:
    """Show one delivery: its state, and the last reply of the relay."""
    try:
        return find_delivery(site.engine, delivery_id)
    except UsageError:
        raise not_found("There is no delivery with this id.") from None
