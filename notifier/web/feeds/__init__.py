"""Feeds over HTTP: those that `publish` has written, of any search, and of one subscriber."""
