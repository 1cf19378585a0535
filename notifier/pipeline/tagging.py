"""Part of step 1: every paper's tokens are worked out, and it is tagged with the topics that it belongs to.

What a large dump brings is tagged before it is stored. The papers of small ones are tagged together, and so are those
of which more is known than their dump says, those that change, and all of them when the catalogue changes: what the
catalogue of today has not tagged is tagged before it is used. This is done outside any transaction; a paper that
changes meanwhile is tagged again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from sqlalchemy import Engine

from notifier import matching
from notifier.matching import Matchable, PaperIndex, QuerySet
from notifier.models import Tags
from notifier.papers.identity import PreparedListing
from notifier.store import reading, tags, writing
from notifier.store.paper_tokens import tokens_of
from notifier.store.tags import TaggedPaper
from notifier.topics import Catalogue

BLOCK = 1000  # papers matched at a time
AT_ONCE = 50  # listings of a dump that is tagged by itself; to ask all topics of fewer costs more than a second reading


def with_tags(
    listings: Sequence[PreparedListing], known: Collection[str], catalogue: Catalogue
) -> list[PreparedListing]:
    """The listings, with the tags of the papers that they make; those whose key is `known` already make none."""
    new = [each for each in listings if each.key not in known]
    found = _tags_of([each.facts for each in new], catalogue)
    tags = {each.position: own for each, own in zip(new, found, strict=True)}
    return [replace(each, tags=tags.get(each.position)) for each in listings]


def _tags_of(papers: Sequence[Matchable], catalogue: Catalogue) -> Iterator[Tags]:
    """What each paper is tagged with, one block after the other."""
    for block, tokenised in matching.blocks(papers):
        yield from _tags(PaperIndex([block]), tokenised, catalogue)


def tag(engine: Engine, catalogue: Catalogue) -> int:
    """Tag all papers that the catalogue has not tagged yet; returns how many there were."""
    count = 0
    while True:
        with reading(engine) as connection:
            untagged = tags.untagged(connection, catalogue.fingerprint, BLOCK)
        if not untagged:
            return count
        papers, revisions = zip(*untagged, strict=True)
        with reading(engine) as connection:
            tokenised = tokens_of(connection, papers)
        found = _tags(matching.index(papers, tokenised), tokenised, catalogue)
        tagged = list(map(TaggedPaper, (paper.id for paper in papers), revisions, found))
        with writing(engine) as connection:
            tags.tag(connection, tagged)
        count += len(untagged)


def _tags(index: PaperIndex, tokenised: Iterable[bytes], catalogue: Catalogue) -> Iterator[Tags]:
    """What each paper of the index is tagged with, with its tokens."""
    asked, numbers = _asked(catalogue)
    matches = index.match_all(asked)
    slugs: defaultdict[int, list[str]] = defaultdict(list)
    for slug, number in numbers.items():
        for position in matches.positions(number):
            slugs[position].append(slug)
    for position, each in enumerate(tokenised):
        yield Tags(catalogue.fingerprint, tuple(slugs[position]), each)


@lru_cache(maxsize=4)
def _asked(catalogue: Catalogue) -> tuple[QuerySet, Mapping[str, int]]:
    """The queries of all topics, ready to be matched, and the number of each topic's."""
    asked = QuerySet()
    return asked, {slug: asked.add(query) for slug, query in catalogue.asked.items()}
