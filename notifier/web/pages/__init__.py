"""The pages for visitors and subscribers, one module for each family of pages."""

from notifier.web.pages import (
    confirming,
    curation,
    digests,
    feeds,
    home,
    managing,
    own_reactions,
    paper,
    papers,
    query_help,
    reactions,
    search,
    signing_in,
    signing_up,
    sitemaps,
    subscriptions,
    topics,
)

# `managing` comes before `signing_in`, which has the route /manage/{signed_id}. That route matches /manage/delete too.
ROUTERS = (
    home.router,
    papers.router,
    paper.router,
    curation.router,
    search.router,
    topics.router,
    query_help.router,
    sitemaps.router,
    signing_up.router,
    confirming.router,
    subscriptions.router,
    managing.router,
    own_reactions.router,
    feeds.router,
    signing_in.router,
    digests.router,
    reactions.router,
)

__all__ = ["ROUTERS"]
