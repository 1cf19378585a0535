"""Similar papers and `like:` follow what curators and dumps change, before anything is made anew; on both databases."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine
from support.service import MONDAY, add_listings, add_subscriber
from support.subjects import SUBJECTS, TOPICS, add_papers, paper_about

from notifier import curation
from notifier.config import Config
from notifier.curation import Correction
from notifier.models import Listing, Paper
from notifier.pipeline import plan_dry_run, tag, vectorising
from notifier.pipeline.candidates import Candidates
from notifier.search import near_papers, similar_papers
from notifier.search.vector_table import read_table
from notifier.similarity import jaccard
from notifier.store import paper_pages, paper_vectors, papers, reading
from notifier.subscribers.subscribing import SignUp

BEE, CODE = "2607.00000", "2607.10000"
EIGHT = MONDAY.replace(hour=8)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Return a store with 60 papers about three subjects."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    add_papers(engine, *[paper_about(subject, number) for number in range(20) for subject in SUBJECTS])
    return engine


def read(engine: Engine, key: str) -> Paper:
    with reading(engine) as connection:
        paper = paper_pages.paper_by_key(connection, key)
    assert paper is not None
    return paper


def similar_keys(engine: Engine, key: str, limit: int = 5) -> list[str]:
    paper = read(engine, key)
    with reading(engine) as connection:
        return [each.paper.key for each in similar_papers(connection, paper, limit)]


def like(engine: Engine, key: str) -> set[int]:
    """Return the papers that `like:` finds among all papers, which must be those that it finds one by one."""
    with reading(engine) as connection:
        found = near_papers(connection, [key])[key]
        everything = papers.papers_by_id(connection, range(1, papers.newest_id(connection) + 1)).values()
        assert near_papers(connection, [key], list(everything))[key] == found
    return set(found)


def twin(key: str, of: Listing) -> Listing:
    return Listing(position=1, title=f"{of.title} revisited", abstract=of.abstract, arxiv_id=key)


def test_a_topic_that_a_curator_gives_or_takes_counts_as_one_that_the_paper_had(store: Engine) -> None:
    slug = sorted(TOPICS.topics)[0]
    before = like(store, BEE)
    state = Correction(added=(slug,)).state(TOPICS)
    done = [curation.correct(store, "", key, state, MONDAY) for key in (BEE, CODE)]
    tag(store, TOPICS)
    bee = read(store, BEE)
    with reading(store) as connection:
        found = {each.paper.key: each for each in similar_papers(connection, bee, 60)}
    assert found[CODE].topics == (slug,)
    assert found[CODE].parts.topics == pytest.approx(jaccard(bee.topics, read(store, CODE).topics))
    like(store, BEE)
    for each in done:
        curation.undo(store, "", each.id, MONDAY)
    tag(store, TOPICS)
    assert like(store, BEE) == before


def test_a_corrected_a_merged_and_a_parted_paper_have_similar_ones_at_once(store: Engine) -> None:
    before = similar_keys(store, BEE)
    curation.correct(store, "", BEE, Correction(title="galaxy telescope nebula").state(TOPICS), MONDAY)
    assert len(similar_keys(store, BEE)) == len(before)
    add_papers(store, Listing(position=1, title="Pollen and nectar of the hive", abstract="honey bees swarm " * 5))
    with reading(store) as connection:
        loose = papers.papers_by_id(connection, [61])[61]
    curation.merge(store, "", loose.key, BEE, MONDAY)
    assert loose.key not in similar_keys(store, "2607.00001", 100)
    assert similar_keys(store, BEE)
    tag(store, TOPICS)
    like(store, BEE)
    curation.part(store, "", loose.key, MONDAY)
    assert set(similar_keys(store, loose.key)) <= {f"2607.000{number:02}" for number in range(20)}
    tag(store, TOPICS)
    assert loose.key in similar_keys(store, "2607.00001", 100)
    like(store, loose.key)


def test_a_paper_whose_vector_is_not_stored_yet_is_planned_as_it_will_be(store: Engine) -> None:
    new = [twin("2608.00001", paper_about("bees", 0)), twin("2608.00002", paper_about("stars", 0))]
    add_subscriber(store, SignUp("ann@example.org", (f"like:{BEE}",), confirmed=True))
    tuesday = EIGHT + timedelta(days=1)
    add_listings(store, "tuesday", tuesday.date(), *new)
    (digest,) = plan_dry_run(store, Config(), tuesday).digests
    assert digest.selection is not None
    bee = read(store, "2608.00001")
    with reading(store) as connection:
        candidates = Candidates(connection, 60, TOPICS, tuesday, in_memory=True)
        assert near_papers(connection, [BEE], candidates.papers) == {BEE: frozenset({bee.id})}
    tag(store, TOPICS)
    with reading(store) as connection:
        stored = list(papers.papers_by_id(connection, [each.id for each in candidates.papers]).values())
        assert near_papers(connection, [BEE], stored) == {BEE: frozenset({bee.id})}


def test_a_table_that_one_thread_uses_stays_as_it_is_while_another_adds_papers(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectorising, "SMALL", 0)
    add_papers(engine, *[paper_about(subject, number) for number in range(4) for subject in SUBJECTS])
    with reading(engine) as connection:
        used = paper_vectors.basis_in_use(connection)
        assert used is not None
        table = read_table(connection, used)
    add_papers(engine, twin("2608.00001", paper_about("bees", 0)))
    with reading(engine) as connection:
        later = read_table(connection, used)
    vector = np.zeros(used.dimensions, np.float32)
    assert (len(table.ids), len(table.nearness(vector, ()))) == (12, 12)
    assert (len(later.ids), len(later.nearness(vector, ()))) == (13, 13)
