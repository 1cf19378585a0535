"""The pages of administrators: an overview, and a module for each family of pages.

They call the functions that the commands call. Every change is logged with who made it and when.
"""

from notifier.web.admin import log, overview

ROUTERS = (overview.router, log.router)

__all__ = ["ROUTERS"]
