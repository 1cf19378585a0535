"""What a listing is known by, and the listing made ready for the store before any transaction begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from notifier.models import Listing, ParsedDump
from notifier.store.merging import RANKED_FIELDS, Facts
from notifier.text import folded_title

SHORT_TITLE_TOKENS = 3  # a title of fewer tokens is no identity: many papers are called "Attention"


@dataclass(frozen=True, slots=True)
class PreparedListing:
    """One listing, ready to be placed: `identity` is what a title is known by, `key` the key of a paper new with it."""

    identity: str
    key: str
    position: int
    upvotes: int | None
    comments: int | None
    facts: Facts


def prepare(dump: ParsedDump, listed_on: date, dump_identity: str) -> list[PreparedListing]:
    """Every listing of `dump`, whose listing day is `listed_on` and whose URL or hash is `dump_identity`."""
    return [_prepare_one(listing, dump, listed_on, dump_identity) for listing in dump.listings]


def title_identity(title: str, dump_identity: str) -> str:
    """The folded title; a short one is an identity only together with the dump that it stands in."""
    folded = folded_title(title) or title
    return folded if folded.count(" ") + 1 >= SHORT_TITLE_TOKENS else f"{folded} in {dump_identity}"


def _prepare_one(listing: Listing, dump: ParsedDump, listed_on: date, dump_identity: str) -> PreparedListing:
    identity = title_identity(listing.title, dump_identity)
    day = listing.listed_on or listed_on
    facts = Facts(
        title=listing.title,
        abstract=listing.abstract,
        listed_on=day,
        arxiv_id=listing.arxiv_id,
        url=listing.url,
        source=dump.format,
        upvotes=listing.upvotes,
        authors=listing.authors,
        categories=listing.categories,
        keywords=listing.keywords,
        origins=dict.fromkeys(RANKED_FIELDS, (dump.rank, day.isoformat())),
    )
    key = listing.arxiv_id or f"t-{sha256(identity.encode()).hexdigest()[:16]}"
    return PreparedListing(identity, key, listing.position, listing.upvotes, listing.comments, facts)
