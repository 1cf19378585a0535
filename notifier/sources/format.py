"""What every dump format offers: a name, a look at the text, and a parser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Listing, ParsedDump, Skipped

# The rank of a format: where two differ about a paper, the higher is believed.
PAGE, LINES, DAILY, ARXIV = 1, 2, 3, 4


@dataclass(slots=True)
class RecordTally:
    """What has become of a document's records so far, in order: each is a listing or was skipped.

    Adding one raises DumpError where there are more than the limit allows.
    """

    limits: Limits
    listings: list[Listing] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def position(self) -> int:
        """The position of the next listing, from 1."""
        return len(self.listings) + 1

    @property
    def outcome(self) -> tuple[tuple[Listing, ...], tuple[Skipped, ...]]:
        """All listings, and all that was skipped."""
        return tuple(self.listings), tuple(self.skipped)

    def add(self, where: str, outcome: Listing | str) -> None:
        """Enter one record by its place: the listing that it is, or the reason why it is none."""
        if isinstance(outcome, Listing):
            self.listings.append(outcome)
        else:
            self.skipped.append(Skipped(where, outcome))
        if len(self.listings) + len(self.skipped) > self.limits.records:
            raise DumpError(f"it has more than {self.limits.records:,} records; split it, or raise [limits] records")

    def refuse_if_all_skipped(self, cure: str = "; give a dump of papers") -> None:
        """Raise DumpError where there are records but none is a paper: that is no dump of papers."""
        if self.skipped and not self.listings:
            first = self.skipped[0]
            raise DumpError(f"none of its {len(self.skipped)} records is a paper: {first.where}: {first.reason}{cure}")


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of dump.

    `recognises` is cheap and looks at the content only, never at a name. `parse` reads what was recognised: every
    record becomes a listing or is skipped with its place and reason. It raises DumpError, with the reason, where the
    text is no dump after all.
    """

    name: str
    recognises: Callable[[str], bool]
    parse: Callable[[str, Limits], ParsedDump]
