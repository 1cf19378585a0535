"""Functions on text: words and stems, addresses, excerpts, and making text harmless."""
