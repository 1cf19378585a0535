"""The web pages for readers, and where a monitor asks whether the service is alive.

A GET or HEAD changes nothing but the time at which a session was used last. Every page works without script, and no
link is made from the headers of a request.
"""

from notifier.web.application import app

__all__ = ["app"]
