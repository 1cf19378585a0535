"""The operations on the votes and the feedback of a subscriber: list them, give them, take them back.

A program votes for a subscriber under the rules of the pages: one vote for a paper, only of who is ACTIVE, and within
the limits of each address.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import Response
from pydantic import BaseModel, Field, StrictBool
from sqlalchemy import Connection

from notifier import subscribers
from notifier.models import ListOrder, Scope
from notifier.store import feedback, limits, paper_pages, papers, reading, votes
from notifier.store.hidden_papers import hidden_among
from notifier.subscribers import Reaction, ReactionRefusal
from notifier.subscribers.limiting import HOUR
from notifier.web.api.inputs import Input, RowId
from notifier.web.api.lists import After, link_to_next, no_page, page_request
from notifier.web.api.papers import GONE, Key, hidden_paper, no_paper
from notifier.web.api.problems import ProblemError
from notifier.web.api.routes import api_router, reads, writes
from notifier.web.api.subscriber_models import find_subscriber
from notifier.web.list_orders import PageMark, numbers_of
from notifier.web.site import Site, SiteDependency

PER_PAGE = 100
VOTES = "/subscribers/{subscriber_id}/votes"
FEEDBACK = "/subscribers/{subscriber_id}/feedback"
OF_PAPER = "/{key:path}"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = TypeVar("Row")

router = api_router("votes and feedback")


class ReactionPaper(BaseModel):
    """A paper that a subscriber has voted for, or given feedback on."""

    key: str
    title: str
    is_hidden: bool = Field(description="A curator has hidden it since.")


class VoteDocument(ReactionPaper):
    """A vote of a subscriber for a paper."""

    voted_on: date


class VoteList(BaseModel):
    """A page of the votes of a subscriber."""

    votes: list[VoteDocument]
    next: str | None = Field(description="The URL of the next page, as in the header Link; null on the last page.")


class FeedbackDocument(ReactionPaper):
    """The feedback of a subscriber on a paper."""

    liked: bool = Field(description="True for more papers like this one, false for a paper that is not for them.")
    given_at: datetime


class FeedbackList(BaseModel):
    """A page of the feedback of a subscriber."""

    feedback: list[FeedbackDocument]
    next: str | None = Field(description="The URL of the next page, as in the header Link; null on the last page.")


class FeedbackInput(Input):
    """True for more papers like this one, false for a paper that is not for the subscriber."""

    liked: StrictBool


@reads(router, VOTES, Scope.READ_SUBSCRIBERS)
def list_votes(site: SiteDependency, response: Response, subscriber_id: RowId, after: After = "") -> VoteList:
    """List the votes of a subscriber, the newest first, 100 a page."""
    find_subscriber(site, subscriber_id)
    with reading(site.engine) as connection:
        found = list(votes.voting_days(connection, subscriber_id).items())
        rows, following = _page(found, lambda row: (row[1].toordinal(), row[0]), after)
        of_paper = _papers(connection, [paper_id for paper_id, _ in rows])
    shown = [VoteDocument(**of_paper[paper_id], voted_on=day) for paper_id, day in rows]
    return VoteList(votes=shown, next=_link(site, response, f"/subscribers/{subscriber_id}/votes", following))


@reads(router, FEEDBACK, Scope.READ_SUBSCRIBERS)
def list_feedback(site: SiteDependency, response: Response, subscriber_id: RowId, after: After = "") -> FeedbackList:
    """List the feedback of a subscriber, the newest first, 100 a page."""
    find_subscriber(site, subscriber_id)
    with reading(site.engine) as connection:
        found = feedback.feedback_of(connection, [subscriber_id]).get(subscriber_id, [])
        rows, following = _page(found, lambda row: (_microseconds(row.given_at), row.paper_id), after)
        of_paper = _papers(connection, [row.paper_id for row in rows])
    shown = [FeedbackDocument(**of_paper[row.paper_id], liked=row.liked, given_at=row.given_at) for row in rows]
    return FeedbackList(feedback=shown, next=_link(site, response, f"/subscribers/{subscriber_id}/feedback", following))


@writes(router, "PUT", VOTES + OF_PAPER, Scope.WRITE_VOTES, status=HTTPStatus.NO_CONTENT, responses=GONE)
def vote(site: SiteDependency, subscriber_id: RowId, key: Key) -> None:
    """Vote for a paper. A subscriber has one vote for a paper: voting again changes nothing."""
    _react(site, subscriber_id, key, Reaction.VOTE)


@writes(router, "DELETE", VOTES + OF_PAPER, Scope.WRITE_VOTES, status=HTTPStatus.NO_CONTENT)
def take_back_vote(site: SiteDependency, subscriber_id: RowId, key: Key) -> None:
    """Take a vote back; without a vote, this changes nothing."""
    _react(site, subscriber_id, key, Reaction.UNVOTE)


@writes(router, "PUT", FEEDBACK + OF_PAPER, Scope.WRITE_VOTES, status=HTTPStatus.NO_CONTENT, responses=GONE)
def give_feedback(site: SiteDependency, subscriber_id: RowId, key: Key, body: FeedbackInput) -> None:
    """Say whether a subscriber wants more papers like this one, in place of what they said before."""
    _react(site, subscriber_id, key, Reaction.LIKE if body.liked else Reaction.DISLIKE)


@writes(router, "DELETE", FEEDBACK + OF_PAPER, Scope.WRITE_VOTES, status=HTTPStatus.NO_CONTENT)
def take_back_feedback(site: SiteDependency, subscriber_id: RowId, key: Key) -> None:
    """Take the feedback on a paper back; without feedback, this changes nothing."""
    _react(site, subscriber_id, key, Reaction.FORGET)


@writes(router, "DELETE", FEEDBACK, Scope.WRITE_VOTES, status=HTTPStatus.NO_CONTENT)
def forget_all_feedback(site: SiteDependency, subscriber_id: RowId) -> None:
    """Delete all feedback of a subscriber; the votes stay."""
    find_subscriber(site, subscriber_id)
    subscribers.forget_feedback(site.engine, subscriber_id)


def _react(site: Site, subscriber_id: int, key: str, reaction: Reaction) -> None:
    """Store what a subscriber does about a paper. Raises ProblemError if it is refused.

    The limits of networks do not count here: the request comes from a program, not from the subscriber, and the
    requests of its token are limited already.
    """
    subscriber = find_subscriber(site, subscriber_id)
    with reading(site.engine) as connection:
        paper = paper_pages.paper_by_key(connection, key)
    if paper is None:
        raise no_paper()
    refusal = subscribers.react(site.engine, subscriber, paper.id, reaction, None, site.clock())
    match refusal:
        case ReactionRefusal.NOT_ACTIVE:
            detail = f"Only ACTIVE subscribers vote and give feedback; this one is {subscriber.state}."
            raise ProblemError(HTTPStatus.CONFLICT, detail)
        case ReactionRefusal.TOO_MANY:
            seconds = math.ceil((limits.end_of_window(HOUR, site.clock()) - site.clock()).total_seconds())
            detail = "This subscriber has voted and given feedback too often; try again later."
            raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, detail, {"Retry-After": str(seconds)})
        case ReactionRefusal.NO_PAPER:
            raise no_paper()
        case ReactionRefusal.HIDDEN:
            raise hidden_paper()


def _page(rows: Sequence[Row], mark_of: Callable[[Row], PageMark], after: str) -> tuple[Sequence[Row], PageMark | None]:
    """Return the rows of a page, and the mark of the next one; None on the last. The greatest mark comes first.

    Raises ProblemError with 404 if the list has no page with the mark in `after`.
    """
    begin = numbers_of(after, 2) if after else None
    if after and begin is None:
        raise no_page()
    left = [row for row in rows if begin is None or mark_of(row) < begin]
    return left[:PER_PAGE], mark_of(left[PER_PAGE - 1]) if len(left) > PER_PAGE else None


def _link(site: Site, response: Response, path: str, following: PageMark | None) -> str | None:
    asked = page_request(site, path, [ListOrder.NEWEST], None, "")
    return link_to_next(response, asked.following(following))


def _papers(connection: Connection, paper_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the values that all documents here have of a paper, by the ids of papers."""
    hidden = hidden_among(connection, paper_ids)
    found = papers.papers_by_id(connection, paper_ids)
    return {
        paper_id: {"key": paper.key, "title": paper.title, "is_hidden": paper_id in hidden}
        for paper_id, paper in found.items()
    }


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
