"""Turn a message that came back to the sender's mailbox, or to the mailbox for bounces, into a verdict.

It reads notifications of failed deliveries, complaints, requests to unsubscribe, and replies. Nothing here does I/O,
and nothing decides about a subscriber: the verdict holds what a message says, and the proofs that show which
mail it is about.
"""

from notifier.bounces.mime import LARGEST_MESSAGE
from notifier.bounces.reading import fingerprint, read
from notifier.bounces.verdicts import Proofs, Verdict

__all__ = ["LARGEST_MESSAGE", "Proofs", "Verdict", "fingerprint", "read"]
