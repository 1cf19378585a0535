"""The API for programs, at /api/v1: what the pages and the commands do, as JSON.

It is an application of its own inside that of the pages, so that every error below /api is a problem document. Each
family of operations has a module, which holds a router, the models of the documents, and the operations. The operations
call the same functions as the pages and the commands.
"""

from notifier.web.api.application import make_api, serve_api

__all__ = ["make_api", "serve_api"]
