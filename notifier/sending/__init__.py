"""What `deliver` runs: claim outbox rows, compose their mails, send them, and settle the results."""

from notifier.sending.composing import mail_of
from notifier.sending.report import DeliveryReport
from notifier.sending.run import keep_sending, send_due, within_grace
from notifier.sending.sender import Sender, sender_for

__all__ = ["DeliveryReport", "Sender", "keep_sending", "mail_of", "send_due", "sender_for", "within_grace"]
