"""Send mails to a relay over SMTP. The connection stays open between mails, and commands are pipelined if possible."""

from notifier.delivery.smtp.hello import full_name as own_full_name
from notifier.delivery.smtp.pipelining import PipeliningTrust
from notifier.delivery.smtp.probing import Probe, probe
from notifier.delivery.smtp.transport import SmtpTransport

__all__ = ["PipeliningTrust", "Probe", "SmtpTransport", "own_full_name", "probe"]
