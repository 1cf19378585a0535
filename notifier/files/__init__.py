"""Files in and out: dumps to read and put away, feeds to write, and the locks by which senders know each other gone."""
