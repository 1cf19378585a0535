"""Requests to other servers. This is the only component that makes HTTP requests."""

from notifier.fetching.hub import tell_hub

__all__ = ["tell_hub"]
