"""Check the signed id in the URL of a page."""

from __future__ import annotations

from collections.abc import Callable, Collection
from http import HTTPStatus

from fastapi import HTTPException

from notifier.signing import Grant, LinkPurpose, verify
from notifier.web.site import SiteDependency


def require_grant(purposes: Collection[LinkPurpose]) -> Callable[..., Grant]:
    """Return the dependency that checks the signed id in the path of a URL for one of these purposes.

    A wrong link is refused before the store is read, so the response reveals nothing.
    """

    def grant(site: SiteDependency, signed_id: str) -> Grant:
        found = verify(site.key, signed_id) if site.key else None
        if found is None or found.purpose not in purposes:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return found

    return grant
