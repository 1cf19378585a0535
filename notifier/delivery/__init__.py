"""Deliveries on their way out: the only SMTP.

A transport takes one mail at a time and answers with its outcome: `lane.Lane` hands it to a relay, `maildir.Maildir` to
a folder. `outcomes` knows what a relay's answer means, `schedule` when to try again, and `inbox.Inbox` is a relay of
our own on loopback.
"""
