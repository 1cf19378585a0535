"""Subscribers who vote for papers."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine, select
from support.service import MONDAY, add_subscriber

from notifier.store import subscribers, votes
from notifier.store.engine import writing
from notifier.store.tables import paper
from notifier.subscribers.subscribing import SignUp

DAY = MONDAY.date()
VOTERS = [f"voter{number}@example.org" for number in range(6)]


def add_voters(engine: Engine) -> None:
    """Store the voters, who get no papers."""
    for email in VOTERS:
        add_subscriber(engine, SignUp(email, ("zebrafish zeolite",), confirmed=True))


def set_votes(engine: Engine, title: str, number: int, day: date = DAY) -> None:
    """Let exactly the first `number` of the voters have voted for the paper with this title; new votes are of `day`."""
    with writing(engine) as connection:
        paper_id = connection.scalars(select(paper.c.id).where(paper.c.title == title)).one()
        known = subscribers.by_address(connection, VOTERS)
        for place, email in enumerate(VOTERS):
            if place < number:
                votes.add_vote(connection, known[email].id, paper_id, day)
            else:
                votes.remove_vote(connection, known[email].id, paper_id)
