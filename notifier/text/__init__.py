"""Text itself: words and stems, addresses, and what makes it harmless."""
