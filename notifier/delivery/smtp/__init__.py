"""SMTP to a relay: one lane is one connection."""
