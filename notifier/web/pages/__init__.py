"""The pages for visitors and subscribers, one module for each family of pages."""

from notifier.web.pages import confirming, digests, feeds, home, managing, signing_in, signing_up, subscriptions

# The settings come before the links to them: /manage/delete is no signed id.
ROUTERS = (
    home.router,
    signing_up.router,
    confirming.router,
    subscriptions.router,
    managing.router,
    feeds.router,
    signing_in.router,
    digests.router,
)

__all__ = ["ROUTERS"]
