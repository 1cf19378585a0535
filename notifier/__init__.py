"""notifier: paper alerts that you own.

A dump of papers comes in; every subscriber is told, once, about the papers that they asked for.
"""

__version__ = "0.1.0"
