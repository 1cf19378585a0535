"""The web pages for visitors and subscribers, and the health check for a monitor.

A GET or HEAD changes nothing but the time at which a session was used last. Every page works without script, and no
link is made from the headers of a request.
"""

from notifier.web.application import make_app

__all__ = ["make_app"]
