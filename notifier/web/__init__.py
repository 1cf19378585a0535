"""The web pages: where subscribers unsubscribe, and where a monitor asks whether the service is alive.

A GET or HEAD never changes anything, no page holds a script, and no link is made from the headers of a request.
"""

from notifier.web.application import app

__all__ = ["app"]
