"""Parse the formats in which arXiv publishes papers: its API, its feeds and its OAI-PMH pages."""
