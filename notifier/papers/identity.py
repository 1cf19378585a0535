"""The identity of papers, and the preparation of listings for the store.

A dump's listings are prepared before its transaction begins, so that the transaction is short.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256
from operator import attrgetter

from notifier.models import Announce, Listing, ParsedDump, Tags
from notifier.papers.merging import PaperFacts, origins_of
from notifier.text.words import folded_title

IDENTIFYING_TOKENS = 3  # shorter titles, such as "Attention", are shared by different papers
LONGEST_IDENTITY = 600  # characters; PostgreSQL indexes at most 2,704 bytes

_REPLACEMENTS = (Announce.REPLACE, Announce.REPLACE_CROSS)
# The fields that Listing and PaperFacts have in common.
_SHARED_FIELDS = tuple(each.name for each in fields(PaperFacts) if each.name not in ("listed_on", "source", "origins"))
_shared_values = attrgetter(*_SHARED_FIELDS)


@dataclass(frozen=True, slots=True)
class PreparedListing:
    """A listing that is ready to be placed among the papers.

    `identity` is the identity of its title (see `title_identity`). `key` is the key that its paper gets if the paper is
    new. `facts` is what the listing says about the paper. `tags` are the tags of a new paper made from this listing
    alone; None if they have not been worked out.
    """

    identity: str
    key: str
    position: int
    upvotes: int | None
    comments: int | None
    facts: PaperFacts
    announce: Announce | None = None
    tags: Tags | None = None

    @property
    def is_news(self) -> bool:
        """Whether the listing announces its paper; the listing of a replacement or a withdrawn paper does not."""
        return self.announce not in _REPLACEMENTS and not self.facts.withdrawn


def prepare(dump: ParsedDump, listed_on: date, dump_identity: str, day_is_given: bool = False) -> list[PreparedListing]:
    """Prepare the listings of a dump for the store, in the order of the dump.

    `listed_on` is the listing day of the dump. A listing that gives its own day keeps it, unless `day_is_given`, that
    is, unless the operator gave the day. `dump_identity` is the dump's URL or hash.
    """
    days = (listed_on if day_is_given else each.listed_on or listed_on for each in dump.listings)
    return [_prepare_one(each, dump, day, dump_identity) for each, day in zip(dump.listings, days, strict=True)]


def title_identity(title: str, dump_identity: str) -> str:
    """Return the identity of a title, which identifies a paper without an arXiv id.

    The identity is the folded title. A title of fewer than three tokens is combined with `dump_identity`, so that it
    identifies a paper only within one dump. A title that is too long for an index is replaced by its SHA-256.
    """
    folded = folded_title(title) or title
    if len(folded) > LONGEST_IDENTITY:
        return sha256(folded.encode()).hexdigest()
    return folded if folded.count(" ") + 1 >= IDENTIFYING_TOKENS else f"{folded} in {dump_identity}"


def _prepare_one(listing: Listing, dump: ParsedDump, day: date, dump_identity: str) -> PreparedListing:
    identity = title_identity(listing.title, dump_identity)
    values = dict(zip(_SHARED_FIELDS, _shared_values(listing), strict=True))
    values["source"] = dump.format
    origins = origins_of(values, (dump.rank, day.isoformat()))
    facts = PaperFacts(listed_on=day, origins=origins, **values)
    key = listing.arxiv_id or f"t-{sha256(identity.encode()).hexdigest()[:16]}"
    return PreparedListing(identity, key, listing.position, listing.upvotes, listing.comments, facts, listing.announce)
