"""Compute the identities by which listings find their papers, and prepare listings for the store.

A dump's listings are prepared before its transaction begins, so that the transaction is short.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from hashlib import sha256
from operator import attrgetter
from typing import NamedTuple

from notifier.models import Announce, Listing, ParsedDump, Tags
from notifier.papers.evidence import doi_of, link_of
from notifier.papers.merging import PaperFacts, origins_of
from notifier.text.words import folded_title, words

IDENTIFYING_TOKENS = 3  # a title with fewer tokens, such as "Attention", may be that of several papers
LONGEST_IDENTITY = 600  # characters; PostgreSQL indexes at most 2,704 bytes

_REPLACEMENTS = (Announce.REPLACE, Announce.REPLACE_CROSS)
# The fields that Listing and PaperFacts have in common.
_SHARED_FIELDS = tuple(each.name for each in fields(PaperFacts) if each.name not in ("listed_on", "source", "origins"))
_shared_values = attrgetter(*_SHARED_FIELDS)


class ProofKind(StrEnum):
    """The facts that a listing can have in common with a paper, besides the title."""

    DOI = "doi"
    LINK = "link"
    ABSTRACT = "abstract"


class Proof(NamedTuple):
    """An identity made from a title together with a DOI, a link or an abstract.

    A listing and a paper with the same proof have the same title and the same DOI, link or abstract. `is_short` is True
    if the title is too short to identify a paper.
    """

    kind: ProofKind
    identity: str
    is_short: bool


@dataclass(frozen=True, slots=True)
class PreparedListing:
    """A listing that is ready to be placed among the papers.

    `identity` is the identity of its title (see `title_identity`), and `proofs` are its further identities. `key` is
    the key that its paper gets if the paper is new, and `second_key` the key if the paper is new and other papers have
    the same title. `facts` is what the listing says about the paper. `tags` are the tags of a new paper made from this
    listing alone; None if they have not been computed.
    """

    identity: str
    proofs: tuple[Proof, ...]
    key: str
    second_key: str
    position: int
    upvotes: int | None
    comments: int | None
    facts: PaperFacts
    announce: Announce | None = None
    tags: Tags | None = None

    @property
    def identities(self) -> tuple[str, ...]:
        """All identities by which the listing's paper may be found."""
        return (self.identity, *(proof.identity for proof in self.proofs))

    @property
    def announces_paper(self) -> bool:
        """Whether the listing announces its paper; the listing of a replacement or a withdrawn paper does not."""
        return self.announce not in _REPLACEMENTS and not self.facts.withdrawn


def prepare(dump: ParsedDump, listed_on: date, dump_identity: str, day_is_given: bool = False) -> list[PreparedListing]:
    """Prepare the listings of a dump for the store, in the order of the dump.

    `listed_on` is the listing day of the dump. A listing that gives its own day keeps that day, unless `day_is_given`
    says that the operator gave `listed_on`. `dump_identity` is the dump's URL or hash.
    """
    days = (listed_on if day_is_given else each.listed_on or listed_on for each in dump.listings)
    return [_prepare_one(each, dump, day, dump_identity) for each, day in zip(dump.listings, days, strict=True)]


def title_identity(title: str, dump_identity: str) -> str:
    """Return the identity of a title, which identifies a paper without an arXiv id.

    The identity is the folded title. A title of fewer than three tokens is combined with `dump_identity`, so that it
    identifies a paper only within one dump. A title that is too long for an index is replaced by its SHA-256.
    """
    folded = folded_title(title) or title
    return f"{folded} in {dump_identity}" if _is_short(folded) else _indexable(folded)


def corrected_identities(facts: PaperFacts) -> list[str]:
    """Return the identities that a paper has by its corrected title and link, by which later listings find it.

    A title of fewer than three tokens counts only together with a DOI, a link or an abstract.
    """
    title = title_identity(facts.title, "")
    by_title = [] if _is_short(folded_title(facts.title) or facts.title) else [title]
    return [*by_title, *(proof.identity for proof in _proofs(facts))]


def _is_short(folded: str) -> bool:
    return folded.count(" ") + 1 < IDENTIFYING_TOKENS and len(folded) <= LONGEST_IDENTITY


def _indexable(folded: str) -> str:
    return sha256(folded.encode()).hexdigest() if len(folded) > LONGEST_IDENTITY else folded


def _proofs(facts: PaperFacts) -> tuple[Proof, ...]:
    """Return the proofs that these facts give: by the DOI, by the link and, for a short title, by the abstract."""
    folded = folded_title(facts.title) or facts.title
    is_short = _is_short(folded)
    abstract = " ".join(words(facts.abstract)) if is_short else ""
    proving = {ProofKind.DOI: doi_of(facts), ProofKind.LINK: link_of(facts), ProofKind.ABSTRACT: abstract}
    return tuple(
        Proof(kind, f"{kind}:{_short_hash(folded, value)}", is_short) for kind, value in proving.items() if value
    )


def _short_hash(*texts: str) -> str:
    return sha256("\n".join(texts).encode()).hexdigest()[:32]


def _title_key(*texts: str) -> str:
    """Return the key of a paper without an arXiv id."""
    return f"t-{_short_hash(*texts)[:16]}"


def _prepare_one(listing: Listing, dump: ParsedDump, day: date, dump_identity: str) -> PreparedListing:
    identity = title_identity(listing.title, dump_identity)
    values = dict(zip(_SHARED_FIELDS, _shared_values(listing), strict=True))
    values["source"] = dump.format
    origins = origins_of(values, (dump.precedence, day.isoformat()))
    facts = PaperFacts(listed_on=day, origins=origins, **values)
    key = listing.arxiv_id or _title_key(identity)
    second_key = listing.arxiv_id or _title_key(identity, doi_of(facts) or link_of(facts) or "")
    return PreparedListing(
        identity,
        _proofs(facts),
        key,
        second_key,
        position=listing.position,
        upvotes=listing.upvotes,
        comments=listing.comments,
        facts=facts,
        announce=listing.announce,
    )
