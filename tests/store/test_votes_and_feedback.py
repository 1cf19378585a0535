"""Votes and feedback: one for a subscriber and paper, counted, and kept when papers are merged or people erased."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from support.service import MONDAY, add_listings, add_subscriber
from support.stored_papers import all_papers

from notifier.models import Feedback, Listing, Paper
from notifier.store import feedback, papers, votes
from notifier.store.engine import reading, writing
from notifier.subscribers.leaving import erase
from notifier.subscribers.subscribing import SignUp

ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@example.org"
TODAY = MONDAY.date()
A_DAY = timedelta(days=1)
OLD, NEW = Listing(1, "The Old Title of It", arxiv_id="2607.00001"), Listing(2, "The New Title of It")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Engine:
    """Return a store with two papers and three subscribers, with the ids 1, 2 and 3, in either database."""
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_store")
    add_listings(engine, "one", date(2026, 7, 1), OLD, NEW)
    for email in (ANN, BOB, EVE):
        add_subscriber(engine, SignUp(email, topics=("all",), confirmed=True))
    return engine


def stored(engine: Engine) -> list[Paper]:
    with reading(engine) as connection:
        return all_papers(connection)


def counts(engine: Engine) -> list[int]:
    return [paper.votes for paper in stored(engine)]


def merge_papers(engine: Engine) -> int:
    """Store a dump that tells that both papers are one, and return the id of that one."""
    add_listings(engine, "two", date(2026, 7, 3), Listing(1, "The new title of it", arxiv_id="2607.00001"))
    (paper,) = stored(engine)
    return paper.id


def test_a_vote_counts_once_and_can_be_taken_back(store: Engine) -> None:
    old, new = (paper.id for paper in stored(store))
    with writing(store) as connection:
        assert [votes.add_vote(connection, 1, old, TODAY + number * A_DAY) for number in range(2)] == [True, False]
        assert votes.add_vote(connection, 2, old, TODAY + A_DAY)
        assert votes.votes_by_day(connection, [old, new], TODAY + A_DAY) == {old: {TODAY: 1, TODAY + A_DAY: 1}}
        assert votes.votes_by_day(connection, [old, new], TODAY) == {old: {TODAY: 1}}
        assert votes.votes_of(connection, 1, [old, new]) == votes.votes_of(connection, 1) == {old}
        assert votes.voting_days(connection, 1) == {old: TODAY}
    assert counts(store) == [2, 0]
    with writing(store) as connection:
        assert [votes.remove_vote(connection, 1, old) for _ in range(2)] == [True, False]
    assert counts(store) == [1, 0]


def test_nothing_is_stored_about_a_paper_that_does_not_exist(store: Engine) -> None:
    with writing(store) as connection:
        assert not votes.add_vote(connection, 1, 999, TODAY)
        assert not votes.remove_vote(connection, 1, 999)
        assert not feedback.give_feedback(connection, 1, 999, True, MONDAY)
        assert not feedback.take_back(connection, 1, 999)


def test_feedback_is_the_last_that_was_given_and_can_be_taken_back_and_reset(store: Engine) -> None:
    old, new = (paper.id for paper in stored(store))
    with writing(store) as connection:
        for minute, (person, paper_id, liked) in enumerate([(1, old, False), (1, new, False), (1, old, True)]):
            assert feedback.give_feedback(connection, person, paper_id, liked, MONDAY + timedelta(minutes=minute))
        feedback.give_feedback(connection, 2, new, True, MONDAY)
        given = feedback.feedback_of(connection, [1, 2, 3])
        assert given == {
            1: [
                Feedback(old, True, MONDAY + timedelta(minutes=2)),
                Feedback(new, False, MONDAY + timedelta(minutes=1)),
            ],
            2: [Feedback(new, True, MONDAY)],
        }
        assert [feedback.take_back(connection, 1, old) for _ in range(2)] == [True, False]
        assert feedback.reset_feedback(connection, 1) == 1
        assert feedback.feedback_of(connection, [1, 2]) == {2: given[2]}


def test_votes_and_feedback_follow_a_merged_paper_once_for_each_subscriber(store: Engine) -> None:
    old, new = (paper.id for paper in stored(store))
    with writing(store) as connection:
        for person, paper_id, days in [(1, old, 2), (1, new, 1), (2, new, 0), (3, old, 0), (3, new, 1)]:
            votes.add_vote(connection, person, paper_id, TODAY + days * A_DAY)
            feedback.give_feedback(connection, person, paper_id, paper_id == new, MONDAY + days * A_DAY)
    merged = merge_papers(store)
    assert counts(store) == [3]
    with reading(store) as connection:
        assert votes.votes_by_day(connection, [merged], TODAY + 9 * A_DAY) == {merged: {TODAY: 2, TODAY + A_DAY: 1}}
        last = {person: each for person, (each,) in feedback.feedback_of(connection, [1, 2, 3]).items()}
    assert {person: (each.liked, each.given_at - MONDAY) for person, each in last.items()} == {
        1: (False, 2 * A_DAY),
        2: (True, 0 * A_DAY),
        3: (True, A_DAY),
    }
    with writing(store) as connection:  # links of before the merging name the paper that is gone
        assert not votes.add_vote(connection, 2, new, TODAY)
        assert votes.remove_vote(connection, 2, new)
        assert papers.locked(connection, [old, new, 999]) == [merged]
    assert counts(store) == [2]


def test_an_erased_subscriber_leaves_no_vote_and_no_feedback(store: Engine) -> None:
    old, new = (paper.id for paper in stored(store))
    with writing(store) as connection:
        for person, paper_id in [(1, old), (1, new), (2, new)]:
            votes.add_vote(connection, person, paper_id, TODAY)
            feedback.give_feedback(connection, person, paper_id, True, MONDAY)
    erase(store, ANN, MONDAY)
    assert counts(store) == [0, 1]
    with reading(store) as connection:
        assert votes.votes_of(connection, 1) == set()
        assert set(feedback.feedback_of(connection, [1, 2])) == {2}
