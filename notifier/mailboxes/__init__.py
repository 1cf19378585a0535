"""Read the mailbox that returned messages and replies come to: a Maildir, or a mailbox on an IMAP server.

A mailbox gives its new messages one by one, and a message is new until it is marked. Its effect is stored
before it is marked. So if the process is killed in between, the message is given again, but has no second effect.
"""

from notifier.mailboxes.imap import ImapMailbox, ImapSettings
from notifier.mailboxes.maildir import MaildirMailbox

__all__ = ["ImapMailbox", "ImapSettings", "MaildirMailbox"]
