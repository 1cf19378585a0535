"""SMTP to a relay: a transport that keeps its connection open between mails, and pipelines if the relay supports it."""

from notifier.delivery.smtp.pipelining import PipeliningTrust
from notifier.delivery.smtp.transport import SmtpTransport

__all__ = ["PipeliningTrust", "SmtpTransport"]
