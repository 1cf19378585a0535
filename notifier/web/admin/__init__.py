"""The pages of administrators: an overview, and a module for each family of pages.

They call the functions that the commands call. Every change is logged with who made it and when.
"""

from notifier.web.admin import (
    deliveries,
    log,
    overview,
    quarantine,
    sources,
    subscriber_changes,
    subscriber_lists,
    subscribers,
    tokens,
    topics,
)
from notifier.web.admin.subscriber_lists import IMPORT

ROUTERS = (
    overview.router,
    deliveries.router,
    subscribers.router,
    subscriber_lists.router,
    subscribers.page_router,
    subscriber_changes.router,
    quarantine.router,
    topics.router,
    sources.router,
    tokens.router,
    log.router,
)

__all__ = ["IMPORT", "ROUTERS"]
