"""Text itself: words and stems, addresses, excerpts, and what makes it harmless."""
