"""Ways to hand over a mail, and what their answers mean.

A transport takes one mail at a time and returns an outcome: SmtpTransport sends it to a relay, Maildir writes it to a
folder. `breaker` decides when the relay is paused, `retries` when a delivery is tried again. `inbox` is a relay on
loopback, for the demo.
"""

from notifier.delivery.maildir import Maildir
from notifier.delivery.outcomes import Outcome, RelayCondition
from notifier.delivery.pool import TransportPool
from notifier.delivery.smtp import PipeliningTrust, SmtpTransport
from notifier.delivery.transport import RelaySettings, StillWanted, Timeouts, Transport

__all__ = [
    "Maildir",
    "Outcome",
    "PipeliningTrust",
    "RelayCondition",
    "RelaySettings",
    "SmtpTransport",
    "StillWanted",
    "Timeouts",
    "Transport",
    "TransportPool",
]
