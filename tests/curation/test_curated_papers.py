"""Curators correct, merge and part papers, dumps come before and after, and everything can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from support.service import MONDAY, add_listings, add_subscriber
from support.stored_papers import all_papers

from notifier import curation, queries
from notifier.config import Config
from notifier.curation import Correction, PinRequest
from notifier.errors import UsageError
from notifier.models import Curation, Feedback, Listing, ListOrder, Paper
from notifier.pipeline import tag
from notifier.search import newest_seen, preview
from notifier.store import (
    feedback,
    paper_lists,
    paper_pages,
    papers,
    pins,
    reading,
    tables,
    topic_pages,
    votes,
    writing,
)
from notifier.subscribers import SignUp, erase
from notifier.text.paper_links import paper_url
from notifier.topics import catalogue_of

ANN = "ann@example.org"
DAY = date(2026, 7, 1)
LATER = timedelta(days=1)
CATALOGUE = catalogue_of(Config())
THREE = ("The First Title of It", "The Second Title of It", "The Third Title of It")
TYPO = "Quantisation of Lrage Models"
RIGHT = "Quantisation of Large Models"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Return a new store, in either database."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    return engine


def stored(engine: Engine) -> list[Paper]:
    with reading(engine) as connection:
        return all_papers(connection)


def paper_of(engine: Engine, key: str) -> Paper:
    with reading(engine) as connection:
        found = paper_pages.paper_by_key(connection, key)
    assert found is not None
    return found


def correct(engine: Engine, key: str, correction: Correction, minutes: int = 0) -> Curation:
    now = MONDAY + timedelta(minutes=minutes)
    return curation.correct(engine, ANN, key, correction.state(CATALOGUE), now)


def undo(engine: Engine, *ids: int) -> None:
    for number in ids:
        curation.undo(engine, ANN, number, MONDAY)


def snapshot(engine: Engine) -> list[Sequence[Any]]:
    """Return what is stored about papers, without the counts of changes and of tagging."""
    kept: list[Sequence[Any]] = []
    names = ("paper", "paper_title", "paper_alias", "listing", "pin", "hidden_paper", "correction", "topic_correction")
    with reading(engine) as connection:
        for name in (*names, "vote", "feedback", "corrected_identity", "dump_facts"):
            table = tables.Table.metadata.tables[name]
            columns = [each for each in table.c if each.name not in ("revision", "tagged_by", "has_begun")]
            kept.append(sorted(map(tuple, connection.execute(select(*columns)).all()), key=repr))
    return kept


def test_a_corrected_title_and_link_stay_whatever_dumps_say_and_undoing_shows_what_they_say(store: Engine) -> None:
    add_listings(store, "one", DAY, Listing(1, TYPO, url="https://a.example/wrong"))
    key = stored(store)[0].key
    done = correct(store, key, Correction(title=RIGHT, url="https://a.example/right"))
    add_listings(store, "two", DAY + LATER, Listing(1, TYPO, url="https://a.example/wrong"), precedence=3)
    add_listings(store, "three", DAY + LATER, Listing(1, RIGHT, "An abstract.", url="https://a.example/right"))
    add_listings(store, "four", DAY + LATER, Listing(1, TYPO, "A longer abstract.", url="https://a.example/new"))
    papers_now = stored(store)
    assert [(each.key, each.title, each.url) for each in papers_now[:1]] == [(key, RIGHT, "https://a.example/right")]
    assert papers_now[0].abstract in ("An abstract.", "A longer abstract.")
    assert [each.title for each in papers_now].count(RIGHT) == 1
    found = preview(store, "large", None, MONDAY)
    assert [match.title for match in found.matches] == [RIGHT]
    undo(store, done.id)
    assert paper_of(store, key).title == TYPO
    assert not paper_of(store, key).has_corrected_url
    assert preview(store, "large title:quantisation", None, MONDAY).papers == 0


def test_a_dump_with_the_corrected_title_alone_makes_no_second_paper(engine: Engine) -> None:
    add_listings(engine, "one", DAY, Listing(1, TYPO, arxiv_id="2607.00001"))
    correct(engine, "2607.00001", Correction(title=RIGHT))
    add_listings(engine, "two", DAY + LATER, Listing(1, RIGHT))
    add_listings(engine, "three", DAY + LATER, Listing(1, TYPO))
    assert [each.title for each in stored(engine)] == [RIGHT]


def test_undoing_a_correction_lets_the_mistaken_title_lead_to_no_paper(engine: Engine) -> None:
    add_listings(engine, "one", DAY, Listing(1, TYPO, arxiv_id="2607.00001"))
    undo(engine, correct(engine, "2607.00001", Correction(title="The Title of Another Work")).id)
    add_listings(engine, "two", DAY + LATER, Listing(1, "The Title of Another Work", arxiv_id="2607.00002"))
    assert [each.title for each in stored(engine)] == [TYPO, "The Title of Another Work"]


def test_a_corrected_link_comes_before_that_of_arxiv(engine: Engine) -> None:
    add_listings(engine, "one", DAY, Listing(1, RIGHT, arxiv_id="2607.00001"))
    assert paper_url(paper_of(engine, "2607.00001")) == "https://arxiv.org/abs/2607.00001"
    correct(engine, "2607.00001", Correction(url="https://a.example/right"))
    assert paper_url(paper_of(engine, "2607.00001")) == "https://a.example/right"


def test_topics_corrected_by_hand_survive_tagging_again_and_a_changed_catalogue(store: Engine) -> None:
    add_listings(store, "one", DAY, Listing(1, "Quantization of Neural Networks", arxiv_id="2607.00001"))
    tag(store, CATALOGUE)
    before = paper_of(store, "2607.00001").topics
    assert "quantization" in before
    done = correct(store, "2607.00001", Correction(added=("robotics",), removed=("quantization",)))
    expected = before - {"quantization"} | {"robotics"}
    assert paper_of(store, "2607.00001").topics == expected
    changed_text = Listing(1, "Quantization of Neural Networks", "Quantization.", arxiv_id="2607.00001")
    add_listings(store, "two", DAY + LATER, changed_text)
    tag(store, CATALOGUE)
    assert paper_of(store, "2607.00001").topics == expected
    changed = Config.model_validate({"topics": {"robotics": {"title": "R", "description": "R", "query": "robotic"}}})
    tag(store, catalogue_of(changed))
    assert paper_of(store, "2607.00001").topics == expected
    undo(store, done.id)
    tag(store, CATALOGUE)
    assert paper_of(store, "2607.00001").topics == before


@pytest.fixture
def two(store: Engine) -> Engine:
    return with_two_papers(store)


@pytest.fixture
def in_sqlite(engine: Engine) -> Engine:
    return with_two_papers(engine)


def with_two_papers(store: Engine) -> Engine:
    """Add two papers, three subscribers who have voted, and a pin and a correction of the first paper."""
    one = Listing(1, "The First Title of It", "An abstract.", url="https://a.example/1", upvotes=3)
    add_listings(store, "one", DAY, one, Listing(2, "Another Title of This", arxiv_id="2607.00002"))
    for name in ("ann", "bob", "eve"):
        add_subscriber(store, SignUp(f"{name}@example.org", topics=("all",), confirmed=True))
    first, second = (each.id for each in stored(store))
    with writing(store) as connection:
        votes.add_vote(connection, 1, first, DAY)
        votes.add_vote(connection, 2, first, DAY + LATER)
        votes.add_vote(connection, 2, second, DAY)
        votes.add_vote(connection, 3, second, DAY)
        feedback.give_feedback(connection, 1, first, True, MONDAY)
        feedback.give_feedback(connection, 1, second, False, MONDAY + LATER)
    key = stored(store)[0].key
    curation.pin(store, ANN, key, PinRequest(DAY, "Read this.", "Ann"), MONDAY)
    correct(store, key, Correction(title="The Corrected Title of It"))
    return store


def test_a_merged_paper_has_what_both_had_and_parted_papers_have_what_each_had(two: Engine) -> None:
    first, second = stored(two)
    before = snapshot(two)
    done = curation.merge(two, ANN, first.key, second.key, MONDAY)
    (merged,) = stored(two)
    assert (merged.id, merged.key, merged.title, merged.votes) == (second.id, "2607.00002", "Another Title of This", 3)
    assert (merged.abstract, merged.url, merged.upvotes) == ("An abstract.", "https://a.example/1", 3)
    assert paper_of(two, first.key).id == second.id
    with reading(two) as connection:
        assert len(paper_pages.listings_of(connection, second.id, 9)) == 2
        assert pins.pin_of(connection, second.id) is not None
        assert feedback.feedback_of(connection, [1]) == {1: [Feedback(second.id, False, MONDAY + LATER)]}
        assert list(papers.papers_by_id(connection, [first.id])) == [first.id]
    curation.part(two, ANN, first.key, MONDAY)
    assert snapshot(two) == before
    assert done.id


def test_dumps_after_a_merge_make_no_second_paper_and_after_parting_do_not_join_them(two: Engine) -> None:
    first, second = stored(two)
    curation.merge(two, ANN, first.key, second.key, MONDAY)
    add_listings(two, "two", DAY + LATER, Listing(1, "The First Title of It", url="https://a.example/1"))
    add_listings(two, "three", DAY + LATER, Listing(1, "Another Title of This", "Words of the second."))
    assert [each.id for each in stored(two)] == [second.id]
    curation.part(two, ANN, first.key, MONDAY)
    both = Listing(1, "The First Title of It", arxiv_id="2607.00002")
    add_listings(two, "four", DAY + LATER, both, Listing(2, "The First Title of It", url="https://a.example/1"))
    assert [each.id for each in stored(two)] == [first.id, second.id]


def test_a_merge_gives_a_paper_the_arxiv_id_of_the_other_and_dumps_complete_it_for_parting(two: Engine) -> None:
    first, second = stored(two)
    curation.merge(two, ANN, second.key, first.key, MONDAY)
    (merged,) = stored(two)
    assert (merged.id, merged.key, merged.title) == (first.id, "2607.00002", "The Corrected Title of It")
    assert paper_of(two, first.key).id == first.id
    listing = Listing(1, "Another Title of This", "A much longer abstract than before.", arxiv_id="2607.00002")
    add_listings(two, "two", DAY + LATER, listing)
    assert [each.id for each in stored(two)] == [first.id]
    curation.part(two, ANN, "2607.00002", MONDAY)
    parted = stored(two)
    assert [(each.id, each.key, each.abstract) for each in parted] == [
        (first.id, first.key, "An abstract."),
        (second.id, "2607.00002", "A much longer abstract than before."),
    ]
    assert parted[0].title == "The Corrected Title of It"
    assert parted[0].arxiv_id is None


@pytest.mark.parametrize("arxiv_id", [None, "2607.00001"])
def test_papers_merged_one_after_the_other_can_be_parted_in_any_order(store: Engine, arxiv_id: str | None) -> None:
    ids = dict(zip(THREE, (arxiv_id, None, None), strict=True))
    add_listings(store, "one", DAY, *(Listing(1, each, f"Abstract of {each}.", arxiv_id=ids[each]) for each in THREE))
    before = snapshot(store)
    first, second, third = (each.key for each in stored(store))
    for order in ((first, second), (second, first)):
        curation.merge(store, ANN, first, second, MONDAY)
        curation.merge(store, ANN, second, third, MONDAY)
        assert [each.key for each in stored(store)] == [arxiv_id or third]
        for key in order:
            curation.part(store, ANN, key, MONDAY)
        assert snapshot(store) == before


def test_papers_merged_into_the_same_one_can_be_parted_in_any_order(engine: Engine) -> None:
    add_listings(engine, "one", DAY, *(Listing(1, title, f"Abstract of {title}.") for title in THREE))
    before = snapshot(engine)
    first, second, third = (each.key for each in stored(engine))
    for order in ((second, third), (third, second)):
        for key in (second, third):
            curation.merge(engine, ANN, key, first, MONDAY)
        for key in order:
            curation.part(engine, ANN, key, MONDAY)
        assert snapshot(engine) == before


def test_a_dump_joins_a_paper_that_has_the_arxiv_id_of_one_merged_into_it(engine: Engine) -> None:
    add_listings(engine, "one", DAY, *(Listing(1, title) for title in THREE))
    first, second, third = (each.key for each in stored(engine))
    add_listings(engine, "two", DAY, Listing(1, "The Fourth Title of It", arxiv_id="2607.00004"))
    curation.merge(engine, ANN, "2607.00004", second, MONDAY)
    add_listings(engine, "three", DAY + LATER, Listing(1, THREE[0], arxiv_id="2607.00004"))
    assert [each.key for each in stored(engine)] == ["2607.00004", third]
    assert paper_of(engine, second).id == paper_of(engine, first).id == paper_of(engine, "2607.00004").id


def test_what_cannot_be_merged_or_parted_is_refused_with_the_reason(in_sqlite: Engine) -> None:
    add_listings(in_sqlite, "two", DAY, Listing(1, "The Third Title of It", arxiv_id="2607.00003"))
    first, second, third = (each.key for each in stored(in_sqlite))
    with pytest.raises(UsageError, match="are both of arXiv, and cannot be merged"):
        curation.merge(in_sqlite, ANN, second, third, MONDAY)
    with pytest.raises(UsageError, match="one paper"):
        curation.merge(in_sqlite, ANN, second, second, MONDAY)
    with pytest.raises(UsageError, match="was merged with no other one by hand"):
        curation.part(in_sqlite, ANN, first, MONDAY)
    add_listings(in_sqlite, "three", DAY, Listing(1, "The First Title of It", arxiv_id="2607.00004"))
    with pytest.raises(UsageError, match="dumps keep no record"):
        curation.part(in_sqlite, ANN, first, MONDAY)
    for key in ("", "\0", "nothing", "ä" * 9, "x" * 10_000):
        with pytest.raises(UsageError, match="no paper"):
            curation.hide(in_sqlite, ANN, key, MONDAY)


def test_a_dump_that_joins_two_papers_moves_what_curators_did(two: Engine) -> None:
    first, second = stored(two)
    curation.hide(two, ANN, second.key, MONDAY)
    add_listings(two, "two", DAY, Listing(1, "The First Title of It", arxiv_id="2607.00002"))
    (joined,) = stored(two)
    assert (joined.id, joined.title) == (first.id, "The Corrected Title of It")
    with reading(two) as connection:
        assert pins.pin_of(connection, first.id)
        assert not papers.shown_papers_by_id(connection, [first.id])


def test_every_action_is_undone_also_after_others_on_the_same_paper(two: Engine) -> None:
    first, second = stored(two)
    start = snapshot(two)
    made = [
        curation.hide(two, ANN, first.key, MONDAY),
        curation.pin(two, ANN, first.key, PinRequest(DAY, "Another note.", "Bob"), MONDAY),
        correct(two, first.key, Correction(url="https://b.example", added=("robotics",))),
        curation.hide(two, ANN, second.key, MONDAY),
        curation.merge(two, ANN, second.key, first.key, MONDAY),
    ]
    with pytest.raises(UsageError, match="merged into"):
        undo(two, made[3].id)
    undo(two, made[4].id, made[0].id, made[3].id, made[1].id, made[2].id)
    assert snapshot(two) == start


def test_undoing_can_be_undone_and_a_replaced_change_names_the_one_to_undo_first(in_sqlite: Engine) -> None:
    first = stored(in_sqlite)[0]
    hidden = curation.hide(in_sqlite, ANN, first.key, MONDAY)
    undone = curation.undo(in_sqlite, "", hidden.id, MONDAY)
    again = curation.undo(in_sqlite, "", undone.id, MONDAY)
    with pytest.raises(UsageError, match=f"undone by entry {again.id}"):
        undo(in_sqlite, undone.id)
    with reading(in_sqlite) as connection:
        assert not papers.shown_papers_by_id(connection, [first.id])
    undo(in_sqlite, hidden.id)
    noted = curation.pin(in_sqlite, ANN, first.key, PinRequest(DAY, "A better note.", "Ann"), MONDAY)
    other = curation.pin(in_sqlite, ANN, first.key, PinRequest(DAY, "The best note.", "Ann"), MONDAY)
    with pytest.raises(UsageError, match=f"undo entry {other.id} first"):
        undo(in_sqlite, noted.id)
    undo(in_sqlite, other.id, noted.id)
    with pytest.raises(UsageError, match="has no entry 99"):
        undo(in_sqlite, 99)
    with pytest.raises(UsageError, match="has no entry"):
        undo(in_sqlite, 10**20)
    with pytest.raises(UsageError, match="not hidden"):
        curation.unhide(in_sqlite, ANN, first.key, MONDAY)


def test_the_log_says_who_did_what_newest_first(in_sqlite: Engine) -> None:
    first, second = stored(in_sqlite)
    curation.merge(in_sqlite, "", first.key, second.key, MONDAY)
    log = curation.read_log(in_sqlite)
    assert [(line.actor, line.did, line.entry.key) for line in log] == [
        ("the operator", "merged", first.key),
        (ANN, "corrected", first.key),
        (ANN, "pinned", first.key),
    ]
    assert log[0].changes == (("merged into", "", "2607.00002"),)
    assert log[1].changes == (("title", "", "The Corrected Title of It"),)
    assert log[2].changes == (("pin", "", "2026-07-01: Read this. (Ann)"),)
    assert [line.entry.id for line in curation.read_log(in_sqlite, 1, log[0].entry.id)] == [log[1].entry.id]


def test_lists_leave_out_hidden_papers_and_put_pins_before_the_papers_of_their_day(
    two: Engine,
) -> None:
    first, second = stored(two)
    curation.hide(two, ANN, second.key, MONDAY)
    with reading(two) as connection:
        assert list(pins.on_day(connection, DAY)) == pins.newest_pinned(connection, 9) == [first.id]
        assert (pins.not_listed_on(connection, DAY), pins.not_listed_on(connection, DAY + LATER)) == (0, 0)
        assert paper_lists.list_between(connection, (DAY, DAY), ListOrder.TRENDING, 9) == []
        week = paper_lists.list_between(connection, (DAY, DAY + LATER), ListOrder.NEWEST, 9)
        assert [each.paper_id for each in week] == papers.newest(connection, None, 9) == [first.id]
        assert paper_lists.count_by_day(connection, DAY) == {DAY: 1}
        assert [each.id for each in topic_pages.newest_listed(connection, None, 9)] == [first.id]
        assert [each.id for each in newest_seen(connection, queries.parse("title"))] == [first.id]
    assert [match.key for match in preview(two, "title", None, MONDAY).matches] == [first.key]


HOSTILE = "a\0b\u202e\u2066<script>alert(1)</script>\r\nBcc: x@example.org\ud800 \\textbf{c} &lt;d&gt; 𝕏é"


def test_what_curators_type_is_cleaned_once_and_refused_if_it_is_too_long_or_empty(in_sqlite: Engine) -> None:
    key = stored(in_sqlite)[0].key
    done = curation.pin(in_sqlite, ANN, key, PinRequest(DAY, HOSTILE, "<b>Ann</b>\n"), MONDAY)
    note = done.after["note"]
    assert note.isprintable()
    assert "\ud800" not in note
    assert "\u202e" not in note
    assert done.after["name"] == "Ann"
    assert note.encode()
    for text, why in (("x" * 281, "281 characters"), ("y" * 100_000, "100,000"), ("\0\u202e", "empty"), (" ", "empty")):
        with pytest.raises(UsageError, match=why):
            curation.pin(in_sqlite, ANN, key, PinRequest(DAY, text, "Ann"), MONDAY)
    curation.pin(in_sqlite, ANN, key, PinRequest(DAY, "𝕏" * 280, "Ann"), MONDAY)
    for url in ("javascript:alert(1)", "ftp://a.example", "https://" + "x" * 3000, "mailto:a@b.example", "\ud800"):
        with pytest.raises(UsageError, match="not the URL"):
            correct(in_sqlite, key, Correction(url=url))
    with pytest.raises(UsageError, match="did you mean robotics"):
        correct(in_sqlite, key, Correction(added=("robotic",)))


def test_an_erased_curator_leaves_the_log_without_their_address(in_sqlite: Engine) -> None:
    erase(in_sqlite, ANN, MONDAY)
    assert {line.actor for line in curation.read_log(in_sqlite)} == {"an erased subscriber"}


def test_what_is_kept_for_parting_forgets_an_erased_subscriber(in_sqlite: Engine) -> None:
    first, second = stored(in_sqlite)
    curation.merge(in_sqlite, ANN, second.key, first.key, MONDAY)
    for name in ("ann", "bob", "eve"):
        with reading(in_sqlite) as connection:
            assert any('"subscriber_id"' in each for each in connection.scalars(select(tables.dump_facts.c.kept)))
        erase(in_sqlite, f"{name}@example.org", MONDAY)
    with reading(in_sqlite) as connection:
        assert not any('"subscriber_id"' in each for each in connection.scalars(select(tables.dump_facts.c.kept)))
    curation.part(in_sqlite, ANN, second.key, MONDAY)
    assert [each.votes for each in stored(in_sqlite)] == [0, 0]
