"""Whether the papers of each source still arrive: the judgement of its past.

The judgement is pure: `judging` says in one sentence what is known, `shortfalls` finds what is missing, and `usual`
knows the usual numbers.

The status imports this package, so it imports nothing heavy.
"""

from notifier.arrivals.judging import Verdict, judge

__all__ = ["Verdict", "judge"]
