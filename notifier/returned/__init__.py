"""Act on what comes back: read the inbox, and suppress or unsubscribe subscribers.

A subscriber is changed only if a message proves that it is about them.

`bounces` says what a message says, `mailboxes` gives the messages, and this component changes the subscribers.
"""

from notifier.returned.inbox import InboxReport, imap_settings, read_inbox
from notifier.returned.receiving import ReturnedMail, receive

__all__ = ["InboxReport", "ReturnedMail", "imap_settings", "read_inbox", "receive"]
