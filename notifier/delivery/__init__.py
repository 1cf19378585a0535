"""Deliver single mails, and decide what the relay's replies mean.

A transport takes one mail at a time and returns an outcome. SmtpTransport sends the mail to a relay, and Maildir writes
it to a folder. The module `breaker` decides when sending to the relay pauses, and `retries` decides when a delivery is
tried again. `inbox` is an SMTP server on loopback, for the demo.
"""

from notifier.delivery.maildir import Maildir
from notifier.delivery.outcomes import Outcome, Phase, RelayCondition
from notifier.delivery.pool import TransportPool
from notifier.delivery.smtp import PipeliningTrust, Probe, SmtpTransport, own_full_name, probe
from notifier.delivery.transport import RelaySettings, StillWanted, Timeouts, Transport

__all__ = [
    "Maildir",
    "Outcome",
    "Phase",
    "PipeliningTrust",
    "Probe",
    "RelayCondition",
    "RelaySettings",
    "SmtpTransport",
    "StillWanted",
    "Timeouts",
    "Transport",
    "TransportPool",
    "own_full_name",
    "probe",
]
