"""What `deliver` runs: claim outbox rows, compose their mails, send them, settle the results."""
