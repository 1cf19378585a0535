"""Papers as JSON: the daily papers API, and JSON lines."""
