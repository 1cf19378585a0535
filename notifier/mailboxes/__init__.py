"""Read the mailbox that returned messages and replies come to: a Maildir, or a mailbox on an IMAP server.

A mailbox gives its new messages one by one, and a message is new until it is marked. Whoever marks it has stored its
effect before. So if the process is killed in between, the message is given again, and the copy counts for nothing.
"""

from notifier.mailboxes.imap import ImapMailbox, ImapSettings
from notifier.mailboxes.maildir import MaildirMailbox

__all__ = ["ImapMailbox", "ImapSettings", "MaildirMailbox"]
