"""Serve feeds over HTTP: the feeds that `publish` has written, the feed of a search, and the feed of a subscriber."""
