"""Read what comes back to the mailboxes of the sender and for bounces: from the bytes of a message to a verdict.

It reads notifications of failed deliveries, complaints, requests to unsubscribe, and replies. Nothing here does I/O,
and nothing decides about a subscriber: the verdict says what a message says, and which proofs of our mail it holds.
"""

from notifier.bounces.mime import LARGEST_MESSAGE
from notifier.bounces.reading import fingerprint, read
from notifier.bounces.verdicts import Proofs, Verdict

__all__ = ["LARGEST_MESSAGE", "Proofs", "Verdict", "fingerprint", "read"]
