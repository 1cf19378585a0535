"""The pages of lists in the API: what a request asks for, and the link to the next page (RFC 8288).

The mark in `after`, which tells where a page begins, has the same form as on the website (see
`notifier.web.list_orders`). Programs do not read it: they follow the link.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Response

from notifier.models import ListOrder
from notifier.web.api.problems import ProblemError, not_found
from notifier.web.list_orders import PageRequest
from notifier.web.site import Site

PATH = "/api/v1"

After = Annotated[
    str,
    Query(
        max_length=120,
        description="Where the page begins. Take it from the link to the next page; its form may change.",
    ),
]


def url_of(site: Site, path: str) -> str:
    """Return the URL of a path of the API: absolute with a base URL, and else the path alone."""
    return f"{site.config.web.base_url}{PATH}{path}"


def page_request(  # noqa: PLR0913, PLR0917 - the values of one request
    site: Site,
    path: str,
    orders: Sequence[ListOrder],
    order: ListOrder | None,
    after: str,
    fields: Sequence[tuple[str, str]] = (),
) -> PageRequest:
    """Return the request for a page of a list at `path`, whose further fields are `fields`."""
    return PageRequest(url_of(site, path), orders, order or orders[0], after, fields)


def link_to_next(response: Response, url: str) -> str | None:
    """Add the header Link with the URL of the next page, and return the URL; None if it is empty."""
    if url:
        response.headers["Link"] = f'<{url}>; rel="next"'
    return url or None


def no_page() -> ProblemError:
    """Return the error that a list has no such page."""
    return not_found("This list has no such page; begin without `after`, and follow the links to the next page.")
