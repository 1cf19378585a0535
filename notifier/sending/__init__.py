"""Claim outbox rows, compose their mails, send them, and settle the results: the work of `deliver`.

A single mail that is not in the outbox can be sent too, as a test. Rows for endpoints are sent by HTTP: events to
webhooks, and digests to channels.
"""

from notifier.sending.channels import channel_url, opened, post_to_channel, url_in_file
from notifier.sending.composing import mail_of, mail_of_digest
from notifier.sending.direct import send_directly
from notifier.sending.events import keep_sending_events, send_due_events, sender_to
from notifier.sending.report import DeliveryReport
from notifier.sending.run import keep_sending, send_due, within_grace
from notifier.sending.sender import Sender, mail_settings, relay_settings, sender_for

__all__ = [
    "DeliveryReport",
    "Sender",
    "channel_url",
    "keep_sending",
    "keep_sending_events",
    "mail_of",
    "mail_of_digest",
    "mail_settings",
    "opened",
    "post_to_channel",
    "relay_settings",
    "send_directly",
    "send_due",
    "send_due_events",
    "sender_for",
    "sender_to",
    "url_in_file",
    "within_grace",
]
