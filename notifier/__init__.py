"""notifier: a self-hosted paper alert service.

Dumps of papers come in. Every subscriber gets mails with the papers that they asked for, and gets each paper only once.
Feeds contain the papers too.
"""

__version__ = "0.1.0"
