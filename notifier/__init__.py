"""notifier: a self-hosted paper alert service.

Dumps of papers come in. Every subscriber gets, once, the papers that they asked for: by mail, or in a feed.
"""

__version__ = "0.1.0"
