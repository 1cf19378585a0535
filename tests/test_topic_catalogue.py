"""The built-in topics: their form, their size, and their agreement with labels.

The labels were made by reading seed papers, before any query was written.
"""

from __future__ import annotations

import csv
import json
import os
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.paths import DATA
from topic_scores import labelled_papers, labels_found, score

from notifier.config import Config
from notifier.matching import MarkedLeaves, PaperWords, index
from notifier.models import Paper
from notifier.queries import Query, parse
from notifier.resources import PACKAGE, resource
from notifier.sources import parse_dump
from notifier.text.words import folded_title
from notifier.topics import catalogue_of

LABELS = DATA / "topic_labels.tsv"
RESERVED_SLUGS = {"all", "trending", "for-you"}
Topics = dict[str, dict[str, Any]]


@cache
def catalogue() -> Topics:
    return tomllib.loads((PACKAGE / "topics.toml").read_text(encoding="utf-8"))


@cache
def queries() -> dict[str, Query]:
    return {slug: parse(topic["query"], topics_allowed=False) for slug, topic in catalogue().items()}


def papers(titled: Iterable[tuple[str, str]]) -> list[Paper]:
    """Return one paper for each distinct title, in order."""
    distinct = {folded_title(title): (title, abstract) for title, abstract in titled}
    return [
        Paper(number, str(number), title, abstract, number, datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1))
        for number, (title, abstract) in enumerate(distinct.values())
    ]


@cache
def tagged_seeds() -> dict[str, set[str]]:
    """Return the topics that the queries give to each seed paper, by folded title."""
    dumps = (parse_dump(dump.read_bytes()) for dump in sorted(resource("seeds").glob("*.txt")))
    return tags(papers((listing.title, listing.abstract) for dump in dumps for listing in dump.listings))


def tags(tagged: list[Paper]) -> dict[str, set[str]]:
    searched = index(tagged)
    found: dict[str, set[str]] = {folded_title(paper.title): set() for paper in tagged}
    for slug, query in queries().items():
        for position in searched.match(query):
            found[folded_title(tagged[position].title)].add(slug)
    return found


@cache
def labels() -> dict[str, set[str]]:
    """Return the labels by folded title: the topics that were chosen for some seed papers by reading these papers."""
    with LABELS.open(encoding="utf-8", newline="") as table:
        rows = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {folded_title(row["title"]): set(filter(None, row["topics"].split(","))) for row in rows}


def pairs(topics_of: dict[str, set[str]]) -> set[tuple[str, str]]:
    return {(title, slug) for title, slugs in topics_of.items() for slug in slugs}


def share_without_topic(topics_of: dict[str, set[str]]) -> float:
    return sum(not slugs for slugs in topics_of.values()) / len(topics_of)


def test_the_catalogue_has_at_least_24_topics() -> None:
    assert len(catalogue()) >= 24


def test_every_topic_has_a_title_a_one_sentence_description_and_a_query() -> None:
    for slug, topic in catalogue().items():
        assert topic.keys() - {"terms"} == {"title", "description", "query"}, slug
        assert topic["description"].endswith(".") and topic["description"].count(". ") == 0, slug


def test_a_slug_is_the_title_in_lower_case_with_hyphens_and_is_not_reserved() -> None:
    for slug, topic in catalogue().items():
        assert slug == topic["title"].lower().replace(" ", "-")
    assert not RESERVED_SLUGS & catalogue().keys()


def test_a_description_fits_on_one_line_beside_a_check_box() -> None:
    assert all(len(topic["description"]) <= 110 for topic in catalogue().values())


def test_the_query_of_every_topic_is_valid() -> None:
    assert queries().keys() == catalogue().keys()


def test_a_topic_has_few_leading_terms_and_its_query_searches_for_each_of_them() -> None:
    for slug, topic in catalogue_of(Config()).topics.items():
        assert 1 <= len(topic.leading_terms) <= 4, slug
        for term in topic.leading_terms:
            (sample,) = papers([(term, term)])
            marked = MarkedLeaves(queries()[slug], [term]).spans(PaperWords(sample))
            assert marked.title, (slug, term)


def test_every_label_names_a_seed_paper_and_existing_topics() -> None:
    assert len(labels()) == 60
    assert labels().keys() <= tagged_seeds().keys()
    assert set().union(*labels().values()) <= catalogue().keys()


def test_at_least_four_fifths_of_the_tags_are_right() -> None:
    given = pairs({title: tagged_seeds()[title] for title in labels()})
    assert len(given & pairs(labels())) >= 0.8 * len(given)


def test_at_least_four_fifths_of_the_labels_are_found() -> None:
    given = pairs({title: tagged_seeds()[title] for title in labels()})
    assert len(given & pairs(labels())) >= 0.8 * len(pairs(labels()))


def test_no_topic_holds_more_than_a_quarter_of_the_seeds() -> None:
    held = Counter(slug for slugs in tagged_seeds().values() for slug in slugs)
    assert all(count <= len(tagged_seeds()) / 4 for count in held.values()), held.most_common(3)


def test_at_most_a_tenth_of_the_seeds_have_no_topic() -> None:
    assert share_without_topic(tagged_seeds()) <= 0.1


def test_at_most_a_tenth_of_the_daily_papers_have_no_topic() -> None:
    daily = papers(daily_papers(real_data() / "hf_daily"))
    assert len(daily) > 900
    assert share_without_topic(tags(daily)) <= 0.1


def test_the_topics_agree_with_two_readers_of_recent_papers() -> None:
    labelled = labelled_papers(real_data() / "topic_labels" / "papers.jsonl")
    found = labels_found(labelled)
    assert score(found, labelled, found).f1 >= 0.8
    for label in found:
        if sum(label in paper.both for paper in labelled) >= 10:
            assert score([label], labelled, found).f1 >= 0.6, label


def real_data() -> Path:
    folder = os.environ.get("NOTIFIER_REAL_DATA")
    if not folder:
        pytest.skip("NOTIFIER_REAL_DATA does not name the folder of real dumps")
    return Path(folder)


def daily_papers(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the title and abstract of each daily paper; skip records that are not objects, which a few days contain."""
    for day in sorted(folder.glob("*.json")):
        for record in json.loads(day.read_text(encoding="utf-8")):
            if isinstance(record, dict):
                yield record["paper"]["title"], record["paper"].get("summary", "")
