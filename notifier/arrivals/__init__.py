"""Judge whether the papers of each source still arrive.

`judging` returns the judgement on a source, `shortfalls` finds papers that are missing, and `usual` computes the usual
number of papers of a day. These three are pure. `source_health` reads the history of a source from the store.

`notifier status` imports this package, so it imports nothing that is slow to load.
"""

from notifier.arrivals.judging import Judgement, judge
from notifier.arrivals.source_health import JudgedSource, SourceHealth, judged_sources, source_health
from notifier.arrivals.usual import seems_short
from notifier.arrivals.wording import number_of_papers, without_paths

__all__ = [
    "JudgedSource",
    "Judgement",
    "SourceHealth",
    "judge",
    "judged_sources",
    "number_of_papers",
    "seems_short",
    "source_health",
    "without_paths",
]
