"""Tell the operator of the few things that need attention: once when one of them begins, and once when it is over.

`conditions` lists these things and judges them. `telling` compares the judgement with the alerts that are stored, and
puts a mail about each change into the outbox.
"""

from notifier.alerting.conditions import PATIENCE_OF_CRON, PATIENCE_OF_SERVICE
from notifier.alerting.telling import AlertChange, alert_changes

__all__ = ["PATIENCE_OF_CRON", "PATIENCE_OF_SERVICE", "AlertChange", "alert_changes"]
