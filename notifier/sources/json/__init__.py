"""Parse the JSON formats: answers of the daily papers API, and JSON lines."""
