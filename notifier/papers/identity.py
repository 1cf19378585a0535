"""What a listing is known by, and the listing made ready for the store before any transaction begins."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256
from operator import attrgetter

from notifier.models import Announce, Listing, ParsedDump, Tags
from notifier.papers.merging import PaperFacts, origins_of
from notifier.text.words import folded_title

SHORT_TITLE_TOKENS = 3  # a title of fewer tokens is no identity: many papers are called "Attention"
LONGEST_IDENTITY = 600  # characters; PostgreSQL indexes at most 2,704 bytes

_OLD_NEWS = (Announce.REPLACE, Announce.REPLACE_CROSS)
_TOLD = tuple(each.name for each in fields(PaperFacts) if each.name not in ("listed_on", "source", "origins"))
_told_by = attrgetter(*_TOLD)


@dataclass(frozen=True, slots=True)
class PreparedListing:
    """One listing, ready to be placed: `identity` is what a title is known by, `key` the key of a paper new with it.

    `tags` are those of the paper that it makes if it is the only one, where they are known. `announces` is False for
    one that readers are not told of: a replacement, or a paper that was withdrawn.
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
    def announces(self) -> bool:
        """Whether a paper that is new with this listing is news."""
        return self.announce not in _OLD_NEWS and not self.facts.withdrawn


def prepare(dump: ParsedDump, listed_on: date, dump_identity: str, day_is_given: bool = False) -> list[PreparedListing]:
    """Every listing of `dump`, whose listing day is `listed_on` and whose URL or hash is `dump_identity`.

    A listing that tells its own day keeps it, unless the operator has given the day.
    """
    days = (listed_on if day_is_given else each.listed_on or listed_on for each in dump.listings)
    return [_prepare_one(each, dump, day, dump_identity) for each, day in zip(dump.listings, days, strict=True)]


def title_identity(title: str, dump_identity: str) -> str:
    """The folded title; a short one is an identity only together with the dump that it stands in.

    What is longer than a title can be is known by its hash: an index holds no key of any length.
    """
    folded = folded_title(title) or title
    if len(folded) > LONGEST_IDENTITY:
        return sha256(folded.encode()).hexdigest()
    return folded if folded.count(" ") + 1 >= SHORT_TITLE_TOKENS else f"{folded} in {dump_identity}"


def _prepare_one(listing: Listing, dump: ParsedDump, day: date, dump_identity: str) -> PreparedListing:
    identity = title_identity(listing.title, dump_identity)
    told = dict(zip(_TOLD, _told_by(listing), strict=True))
    told["source"] = dump.format
    origins = origins_of(told, (dump.rank, day.isoformat()))
    facts = PaperFacts(listed_on=day, origins=origins, **told)
    key = listing.arxiv_id or f"t-{sha256(identity.encode()).hexdigest()[:16]}"
    return PreparedListing(identity, key, listing.position, listing.upvotes, listing.comments, facts, listing.announce)
