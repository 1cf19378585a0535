"""Judge whether the papers of each source still arrive, and alert the operator when this changes.

`judging` returns the verdict on a source, `shortfalls` finds papers that are missing, and `usual` computes the usual
numbers. These three are pure. `source_health` reads the history of a source from the store. `alerting` tells the
operator of each change.

`notifier status` imports this package, so it imports nothing that is slow to load.
"""

from notifier.arrivals.alerting import SourceAlert, alert_changes
from notifier.arrivals.judging import Verdict, judge
from notifier.arrivals.source_health import SourceHealth, source_health
from notifier.arrivals.usual import seems_short
from notifier.arrivals.wording import without_paths

__all__ = [
    "SourceAlert",
    "SourceHealth",
    "Verdict",
    "alert_changes",
    "judge",
    "seems_short",
    "source_health",
    "without_paths",
]
