"""SMTP to a relay: a transport that keeps one connection open from mail to mail, and pipelines if the relay can."""

from notifier.delivery.smtp.pipelining import PipeliningTrust
from notifier.delivery.smtp.transport import SmtpTransport

__all__ = ["PipeliningTrust", "SmtpTransport"]
