"""The pages that show the demo's inbox in a browser. They listen on loopback only, and belong to no real service."""

from notifier.webmail.serving import bound, serving

__all__ = ["bound", "serving"]
