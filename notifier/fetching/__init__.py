"""Requests to other servers. This is the only component that makes HTTP requests."""

from notifier.fetching.client import Client, Reply, Validators
from notifier.fetching.hub import tell_hub
from notifier.fetching.web_address import shown

__all__ = ["Client", "Reply", "Validators", "shown", "tell_hub"]
