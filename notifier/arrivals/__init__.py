"""Whether the papers of each source still arrive: the judgement of its past, and the alerts about it.

The judgement is pure: `judging` says in one sentence what is known, `shortfalls` finds what is missing, and `usual`
knows the usual numbers. `source_health` reads the past from the store. `alerting` tells the operator of each change.

The status imports this package, so it imports nothing heavy.
"""

from notifier.arrivals.alerting import SourceAlert, alert_changes
from notifier.arrivals.judging import Verdict, judge
from notifier.arrivals.source_health import SourceHealth, source_health
from notifier.arrivals.wording import without_paths

__all__ = ["SourceAlert", "SourceHealth", "Verdict", "alert_changes", "judge", "source_health", "without_paths"]
