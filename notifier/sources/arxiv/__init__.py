"""What arXiv publishes: its API, its feeds, its OAI-PMH pages."""
