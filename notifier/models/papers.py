"""The values of papers and dumps: listings, papers, tags, and places in their texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from notifier.errors import shortened

Span = tuple[int, int]  # start and end of a place in a text, in code points; the end is not included

PAGE_TEXT = "page text"
DAILY_PAPERS = "daily papers JSON"
# The formats of lists whose papers somebody chose and put in order, so that the position of a listing is a rank.
RANKED_FORMATS = frozenset({PAGE_TEXT, DAILY_PAPERS})
# A paper is announced again, for instance when it is pinned, only this long after it was first seen. To find out who
# has got an older one, all digests since then would have to be read, and that would take too long.
ANNOUNCED_AGAIN_WITHIN = timedelta(days=14)


class ListedOnFrom(StrEnum):
    """The source of a dump's listing day."""

    OPTION = "option"  # the operator gave it
    NAME = "name"  # from the date in the file's name
    PAGE = "page"  # from a date in the dump's text
    CLOCK = "clock"  # no date was found: the day of ingest, in UTC


class DumpStatus(StrEnum):
    """The outcome of ingesting a dump."""

    INGESTED = "ingested"
    KNOWN = "known"  # a dump with the same bytes was ingested before
    QUARANTINED = "quarantined"  # it cannot be read as a dump
    WAITING = "waiting"  # it is not complete yet, or another process reads it; it is read later
    FAILED = "failed"  # it could not be read or stored now; it is tried again


class Announce(StrEnum):
    """The reasons why an arXiv feed lists a paper; replacements are never announced to subscribers."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of a dump that was skipped: its place in the dump, such as `line 3`, and the reason, which is short."""

    where: str
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", shortened(self.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFields:
    """The fields that a dump may give for a paper, besides its title and abstract.

    All text has been cleaned. A field that no dump gives is None, empty or False. `published` and `updated` are the
    dates of the paper itself, never listing days. `note` is what arXiv calls the comments: the authors' line about
    pages, venue and code. `summary` is a sentence or two about the paper that a model wrote, as daily papers give it.
    """

    arxiv_id: str | None = None  # without version
    url: str | None = None  # of the page with the abstract
    upvotes: int | None = None  # None is unknown, which is not zero
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    version: int | None = None
    doi: str | None = None
    published: date | None = None
    updated: date | None = None
    note: str = ""
    summary: str = ""
    pdf: str | None = None  # URL
    page: str | None = None  # URL of the page where the paper is discussed
    project: str | None = None  # URL
    code: str | None = None  # URL of the code repository
    stars: int | None = None  # of the code repository
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Listing(PaperFields):
    """A paper as one dump lists it.

    `position` counts from 1, in the order of the dump; it is a rank only in one of RANKED_FORMATS. `where` is the place
    in the dump's text, such as `lines 5-6`. `listed_on` is set only if the listing gives its own day. `comments` is the
    number of comments on the page. `announce` is set only by arXiv feeds.
    """

    position: int
    title: str
    abstract: str = ""
    where: str = ""
    listed_on: date | None = None
    comments: int | None = None
    announce: Announce | None = None


@dataclass(frozen=True, slots=True)
class ParsedDump:
    """The content of a dump, as it was parsed from the dump's bytes.

    `format` names the format, such as `page text`. Everything in the dump that looks like a listing is either in
    `listings` or in `skipped`. `cut` says which fields of listings were too long, and were cut. `full_date` is a date
    with a year in the dump's text, `month_day` a month and a day without a year. If two dumps differ about a paper, the
    value from the format with the higher `precedence` is used. `deleted` holds the arXiv ids of papers that were
    deleted at arXiv. `chrome` holds the other lines of a copied page, such as buttons and counts: they are no records.
    """

    format: str
    listings: tuple[Listing, ...]
    skipped: tuple[Skipped, ...] = ()
    full_date: date | None = None
    month_day: tuple[int, int] | None = None
    precedence: int = 1
    deleted: tuple[str, ...] = ()
    cut: tuple[Skipped, ...] = ()
    chrome: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper(PaperFields):
    """A stored paper, as queries match it and digests, feeds and pages show it.

    `key` is its arXiv id, or `t-` and 16 hex digits of a hash of its title; if another paper had the title before, the
    hash is of the title and the DOI or link. `sequence` is its sequence number. Each announcement gives the paper the
    next higher number, and a digest is about the papers whose numbers are above the subscriber's cursor. A paper that
    was never announced has a negative number. `first_seen` is the instant at which the first dump that lists the paper
    was ingested, and `listed_on` its first listing day. `source` is the format of the highest-ranking dump that lists
    it. `topics` holds the slugs of its topics, and `votes` is the number of subscribers who have voted for it. With
    `has_corrected_url`, a curator has given the `url`.
    """

    id: int
    key: str
    title: str
    abstract: str
    sequence: int
    first_seen: datetime
    listed_on: date
    source: str = ""
    topics: frozenset[str] = frozenset()
    votes: int = 0
    has_corrected_url: bool = False


class Pin(NamedTuple):
    """The day to which a curator has pinned a paper, with a note and the name that has signed it."""

    day: date
    note: str
    name: str
    pinned_at: datetime


class Feedback(NamedTuple):
    """What a subscriber has said about a paper: "more like this" (`liked`), or "not for me"."""

    paper_id: int
    liked: bool
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Tags:
    """The topics of a paper by one catalogue, and the paper's tokens.

    `fingerprint` identifies the catalogue, `slugs` are the topics whose queries match the paper, and `tokenised` holds
    the paper's tokens as `notifier.matching` encodes them.
    """

    fingerprint: str
    slugs: tuple[str, ...]
    tokenised: bytes


class Spans(NamedTuple):
    """The places in a paper's title and abstract that a query matches, in order and without overlap."""

    title: tuple[Span, ...] = ()
    abstract: tuple[Span, ...] = ()


class MarkedWords(NamedTuple):
    """The folded words in a paper's title and abstract that a digest marks, as `notifier.text.marked_words` makes them.

    Unlike the places of the words, they stay right when the text changes.
    """

    title: tuple[str, ...] = ()
    abstract: tuple[str, ...] = ()


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans in order, with overlapping ones joined into one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
