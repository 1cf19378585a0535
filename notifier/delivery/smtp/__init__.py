"""Send mails to a relay over SMTP. The connection stays open between mails, and commands are pipelined if possible."""

from notifier.delivery.smtp.pipelining import PipeliningTrust
from notifier.delivery.smtp.transport import SmtpTransport

__all__ = ["PipeliningTrust", "SmtpTransport"]
