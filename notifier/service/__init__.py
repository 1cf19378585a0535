"""The service: the four steps by the clock, the mail as it becomes due, the web pages, and the signals."""

from notifier.service.running import serve, work

__all__ = ["serve", "work"]
