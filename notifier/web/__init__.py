"""The web pages: where readers leave, and where a monitor asks whether the service is well.

A GET or HEAD never changes anything, no page holds a script, and no link is made from what a request says.
"""

from notifier.web.application import app

__all__ = ["app"]
