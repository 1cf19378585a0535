"""Functions on text: words and stems, sentences, excerpts, addresses, and making text harmless."""
