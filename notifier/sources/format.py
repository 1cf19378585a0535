"""Define the interface of a dump format, and tally the records of a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from notifier.config import Limits
from notifier.errors import DumpError
from notifier.models import Listing, ParsedDump, Skipped
from notifier.text.counting import counted

# The precedence of the formats. If two dumps give different values for a field of a paper, the value from the format
# with the higher precedence is used (see papers.merging).
PAGE, LINES, DAILY, ARXIV = 1, 2, 3, 4


@dataclass(slots=True)
class RecordTally:
    """The records of one document so far, in order. Each record became a listing or was skipped."""

    limits: Limits
    listings: list[Listing] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def position(self) -> int:
        """The position of the next listing, counted from 1."""
        return len(self.listings) + 1

    @property
    def listings_and_skipped(self) -> tuple[tuple[Listing, ...], tuple[Skipped, ...]]:
        """All listings and all skipped records, as the second and third argument of ParsedDump."""
        return tuple(self.listings), tuple(self.skipped)

    def add(self, where: str, listing: Listing | str) -> None:
        """Add the record at the place `where`: its listing, or the reason why it is skipped.

        Raises DumpError if the document has more records than `limits` allows.
        """
        if isinstance(listing, Listing):
            self.listings.append(listing)
        else:
            self.skipped.append(Skipped(where, listing))
        if len(self.listings) + len(self.skipped) > self.limits.records:
            raise DumpError(f"it has more than {self.limits.records:,} records; split it, or raise [limits] records")

    def refuse_if_all_skipped(self, cure: str = "; give a dump of papers") -> None:
        """Raise DumpError if there are records and none of them is a paper. The message ends with `cure`."""
        if self.skipped and not self.listings:
            first = self.skipped[0]
            records = counted(len(self.skipped), "record")
            raise DumpError(f"none of its {records} is a paper (for example {first.where}: {first.reason}){cure}")


@dataclass(frozen=True, slots=True)
class Format:
    """A dump format.

    `recognises(text)` returns whether a text has this format. It is fast, and it sees only the text, never a file name.
    `parse(text, limits)` parses a text that was recognised. Every record becomes a listing, or is skipped with its
    place and the reason. `parse` raises DumpError, with the reason, if the text is not a dump after all.
    """

    name: str
    recognises: Callable[[str], bool]
    parse: Callable[[str, Limits], ParsedDump]
