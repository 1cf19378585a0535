"""The tastes of simulated subscribers on real papers with labels of two people, and the cost of many tastes.

A simulated subscriber wants one to three labels. A paper is wanted if both people gave it one of these labels. It is
left out if only one person did.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import fmean

import numpy as np
import pytest
from topic_scores import LabelledPaper, labelled_papers

from notifier import matching, similarity
from notifier.config import Config
from notifier.errors import NotifierError
from notifier.models import Paper
from notifier.sources import parse_dump
from notifier.taste import Tastes, TasteVectors
from notifier.topics import catalogue_of

SUBSCRIBERS = 500
RATINGS = 5  # likes, and as many dislikes
LEAST_REST = 3  # wanted and unwanted papers that are left to be ordered
SEED = 25


@pytest.fixture(scope="module")
def data() -> Path:
    root = os.environ.get("NOTIFIER_REAL_DATA")
    if not root:
        pytest.skip("NOTIFIER_REAL_DATA does not name the folder of real dumps")
    return Path(root)


def other_papers(data: Path) -> Iterator[Paper]:
    """Yield the papers of the daily papers and of arXiv's listings, from which the basis is learnt too."""
    seen, like = set(), labelled_papers(data / "topic_labels/papers.jsonl")[0].paper
    for file in sorted([*data.glob("hf_daily/*.json"), *data.glob("arxiv_jsonl/*.jsonl")]):
        try:
            listings = parse_dump(file.read_bytes()).listings
        except NotifierError:  # some of these files are odd on purpose
            continue
        for each in listings:
            if each.title not in seen:
                seen.add(each.title)
                number = 1_000 + len(seen)
                yield Paper(number, str(number), each.title, each.abstract, number, like.first_seen, like.listed_on)


def vectors_of(papers: Sequence[Paper]) -> TasteVectors:
    """Return the vectors of papers, in a basis that is learnt from all of them, with their topics."""
    terms = []
    for paper in papers:
        title, abstract, *_ = matching.unpack(matching.tokenise(paper))
        terms.append(similarity.terms_of(title, abstract))
    topics: list[set[str]] = [set() for _ in papers]
    searched = matching.index(papers)
    for slug, query in catalogue_of(Config()).parsed_queries.items():
        for place in searched.match(query):
            topics[place].add(slug)
    latent = similarity.vectors_of(similarity.fit(terms), terms).floats()
    matrix = similarity.taste_matrix(latent, topics)
    return TasteVectors([paper.id for paper in papers], matrix, matrix.mean(axis=0))


def area_under_curve(tastes: Tastes, wanted: Sequence[int], unwanted: Sequence[int]) -> float:
    """Return how often a wanted paper comes before an unwanted one when they are ordered by taste."""
    papers = sorted([*wanted, *unwanted])
    order = [papers[place] for place in tastes.by_taste(0, papers)]
    places = {paper_id: place for place, paper_id in enumerate(order)}
    return fmean(places[one] < places[other] for one in wanted for other in unwanted)


def simulated(labelled: Sequence[LabelledPaper], random: Random) -> tuple[list[int], list[int]]:
    """Return the wanted and the unwanted papers of a simulated subscriber, in random order."""
    labels = sorted({label for each in labelled for label in each.both})
    chosen = set(random.sample(labels, random.randint(1, 3)))
    wanted = [each.paper.id for each in labelled if each.both & chosen]
    unwanted = [each.paper.id for each in labelled if not (each.both | each.one) & chosen]
    return random.sample(wanted, len(wanted)), random.sample(unwanted, len(unwanted))


@pytest.mark.slow
def test_five_likes_and_five_dislikes_tell_wanted_papers_from_others(data: Path) -> None:
    labelled = labelled_papers(data / "topic_labels/papers.jsonl")
    vectors = vectors_of([*(each.paper for each in labelled), *other_papers(data)])
    random, areas = Random(SEED), list[float]()
    while len(areas) < SUBSCRIBERS:
        wanted, unwanted = simulated(labelled, random)
        if min(len(wanted), len(unwanted)) >= RATINGS + LEAST_REST:
            ratings = {**dict.fromkeys(wanted[:RATINGS], True), **dict.fromkeys(unwanted[:RATINGS], False)}
            tastes = Tastes({0: ratings}, vectors, wanted + unwanted)
            areas.append(area_under_curve(tastes, wanted[RATINGS:], unwanted[RATINGS:]))
    print(f"AUC of {len(areas)} simulated subscribers: {fmean(areas):.3f}")
    assert fmean(areas) >= 0.79


@pytest.mark.slow
def test_four_hundred_papers_are_ordered_for_ten_thousand_subscribers_within_a_second() -> None:
    generator = np.random.default_rng(SEED)
    matrix = generator.normal(size=(3_000, 294)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    vectors, papers = TasteVectors(range(3_000), matrix, matrix.mean(axis=0)), [*range(400)]
    rated = generator.integers(0, 3_000, (10_000, 2 * RATINGS)).tolist()
    batches = [
        {number: {paper_id: place < RATINGS for place, paper_id in enumerate(rated[number])} for number in batch}
        for batch in np.arange(10_000).reshape(20, 500).tolist()
    ]
    seconds = []
    for _ in range(3):
        before = time.process_time()
        for ratings in batches:
            tastes = Tastes(ratings, vectors, papers)
            for number in ratings:
                tastes.by_trending_and_taste(number, papers)
        seconds.append(time.process_time() - before)
    print(f"400 papers for 10,000 subscribers: {min(seconds):.2f} s")
    assert min(seconds) < 1
