"""Compute the tokens of each paper, and tag the paper with the topics that match it (part of step 1).

The new papers of a large dump are tagged before the dump is stored. All other papers that the current catalogue has not
tagged yet are tagged together before planning and publishing: the papers of small dumps, papers that have changed, and
all papers after a change of the catalogue. Papers are matched outside any transaction. If a paper changes in the
meantime, its tags are not stored, and it is tagged again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from sqlalchemy import Connection, Engine

from notifier import matching
from notifier.config import Config
from notifier.matching import Matchable, PaperIndex, QuerySet
from notifier.models import Paper, Tags
from notifier.papers.identity import PreparedListing
from notifier.pipeline.retagging import keep_queries, retag_changed
from notifier.pipeline.vectorising import vectorise
from notifier.store import paper_tokens, reading, retried, tags, writing
from notifier.store.paper_tokens import tokens_of
from notifier.store.tags import TaggedPaper
from notifier.store.topics import catalogue_in_use
from notifier.topics import Catalogue

BLOCK = 1000  # papers matched at a time
# A dump with this many listings or more is large. Matching the queries of all topics has a fixed cost, so the papers of
# a smaller dump are cheaper to tag later, together with those of other dumps.
LARGE_DUMP = 50


def with_tags(
    listings: Sequence[PreparedListing], known: Collection[str], catalogue: Catalogue
) -> list[PreparedListing]:
    """Return all listings, and add to each listing of a new paper the tags of that paper.

    `known` holds the keys of stored papers. Listings of stored papers get no tags.
    """
    new = [listing for listing in listings if listing.key not in known]
    tags_of_new = _tags_in_blocks([listing.facts for listing in new], catalogue)
    by_position = {listing.position: tags for listing, tags in zip(new, tags_of_new, strict=True)}
    return [replace(listing, tags=by_position.get(listing.position)) for listing in listings]


def _tags_in_blocks(papers: Sequence[Matchable], catalogue: Catalogue) -> Iterator[Tags]:
    """Yield the tags of each paper; the papers are indexed and matched one block after the other."""
    for block, tokenised in matching.blocks(papers):
        yield from _tags(PaperIndex([block]), tokenised, catalogue)


def tag_all(engine: Engine, config: Config) -> Catalogue:
    """Tag all papers that the catalogue in use has not tagged yet, and return this catalogue.

    If an administrator changes a topic meanwhile, the new catalogue tags all of them. Otherwise two processes, of which
    one still has the old catalogue, would each tag again what the other has tagged.
    """
    while True:
        catalogue = catalogue_in_use(engine, config)

        def is_in_use(used: str = catalogue.fingerprint) -> bool:
            return catalogue_in_use(engine, config).fingerprint == used

        tag(engine, catalogue, is_in_use)
        if is_in_use():
            return catalogue


def tag(engine: Engine, catalogue: Catalogue, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Tag all papers that the catalogue has not tagged yet, and return how many were matched with all topics.

    Before that, papers that are missing in the index of words are added to it. Afterwards, papers get the vectors that
    they lack. `goes_on` is called before each block of papers, and says whether to go on.
    """
    paper_tokens.index_missing_papers(engine)
    keep_queries(engine, catalogue)
    retag_changed(engine, catalogue)
    count = 0
    while goes_on():
        with reading(engine) as connection:
            untagged = tags.untagged(connection, catalogue.fingerprint, BLOCK)
        if not untagged:
            vectorise(engine)
            return count
        papers, revisions = zip(*untagged, strict=True)
        with reading(engine) as connection:
            tokenised = tokens_of(connection, papers)
        found = _tags(matching.index(papers, tokenised), tokenised, catalogue)
        tagged = list(map(TaggedPaper, (paper.id for paper in papers), revisions, found))
        _store(engine, tagged)
        count += len(untagged)
    return count


@retried
def _store(engine: Engine, tagged: Sequence[TaggedPaper]) -> None:
    with writing(engine) as connection:
        tags.tag(connection, tagged)


def count_by_topic(engine: Engine, catalogue: Catalogue) -> Counter[str]:
    """Return the number of papers of each topic, without storing anything.

    Papers that are not tagged yet are matched with the topics' queries.
    """
    with reading(engine) as connection:
        counts = Counter(tags.count_by_topic(connection, catalogue.fingerprint))
        last: int | None = None
        while untagged := tags.untagged(connection, catalogue.fingerprint, BLOCK, after=last):
            papers = [paper for paper, _ in untagged]
            counts.update(slug for paper in with_topics(connection, papers, catalogue) for slug in paper.topics)
            last = papers[-1].sequence
    return counts


def with_topics(connection: Connection, papers: Sequence[Paper], catalogue: Catalogue) -> list[Paper]:
    """Return the papers with the topics that the catalogue gives them; nothing is stored."""
    found: list[Paper] = []
    for start in range(0, len(papers), BLOCK):
        block = papers[start : start + BLOCK]
        tokenised = tokens_of(connection, block)
        each = zip(block, _tags(matching.index(block, tokenised), tokenised, catalogue), strict=True)
        found += [replace(paper, topics=frozenset(of_paper.slugs)) for paper, of_paper in each]
    corrected = tags.corrections(connection, [each.id for each in found])
    return [
        replace(each, topics=_corrected(each.topics, corrected[each.id], catalogue)) if each.id in corrected else each
        for each in found
    ]


def _corrected(topics: frozenset[str], changes: Mapping[str, bool], catalogue: Catalogue) -> frozenset[str]:
    """Return the topics of a paper with what curators have changed."""
    added = {slug for slug, is_added in changes.items() if is_added and slug in catalogue.topics}
    return frozenset((topics - changes.keys()) | added)


def _tags(index: PaperIndex, tokenised: Iterable[bytes], catalogue: Catalogue) -> Iterator[Tags]:
    """Yield the tags of each paper of the index; `tokenised` gives the tokens of each."""
    query_set, numbers = _topic_queries(catalogue)
    matches = index.match_all(query_set)
    slugs: defaultdict[int, list[str]] = defaultdict(list)
    for slug, number in numbers.items():
        for position in matches.positions(number):
            slugs[position].append(slug)
    for position, tokens in enumerate(tokenised):
        yield Tags(catalogue.fingerprint, tuple(slugs[position]), tokens)


@lru_cache(maxsize=4)
def _topic_queries(catalogue: Catalogue) -> tuple[QuerySet, Mapping[str, int]]:
    """Return the queries of all topics as one set, and the number of each topic's query in it."""
    query_set = QuerySet()
    return query_set, {slug: query_set.add(query) for slug, query in catalogue.parsed_queries.items()}
