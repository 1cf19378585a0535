"""The service: it runs the steps on a schedule, sends mail as it becomes due, and serves the web pages."""

from notifier.service.running import serve, work

__all__ = ["serve", "work"]
