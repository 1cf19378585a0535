"""Let subscribers vote for papers and give feedback on them. Pages, the API and the links in mails obey the rules here.

A subscriber has at most one vote for a paper, and one opinion of it: "more like this" or "not for me". Only who is
ACTIVE, and so has confirmed their address, can give them, and not for a paper that a curator has hidden; everybody can
take back what they have given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine

from notifier.digests import items
from notifier.errors import ComposeError
from notifier.models import Feedback, Paper, Subscriber, SubscriberState
from notifier.store import deliveries, feedback, papers, reading, retried, subscribers, votes, writing
from notifier.store.hidden_papers import hidden_among
from notifier.subscribers.limiting import Action, within_limits
from notifier.subscribers.own_subscriptions import require_subscriber


class Reaction(StrEnum):
    """What a subscriber can do about a paper."""

    VOTE = "vote"
    UNVOTE = "unvote"  # take the vote back
    LIKE = "like"  # more like this
    DISLIKE = "dislike"  # not for me
    FORGET = "forget"  # take the feedback back


class ReactionRefusal(StrEnum):
    """The reasons for which nothing is stored."""

    NOT_ACTIVE = "not active"
    TOO_MANY = "too many"
    NO_PAPER = "no paper"
    HIDDEN = "hidden"


_TAKING_BACK = (Reaction.UNVOTE, Reaction.FORGET)


@dataclass(frozen=True, slots=True)
class OwnReactions:
    """What a subscriber has said about some papers, by id: their votes, and whether they like others.

    `hidden` holds the ids of those papers that are hidden, which nobody can vote for.
    """

    voted: frozenset[int] = frozenset()
    liked: Mapping[int, bool] | None = None
    hidden: frozenset[int] = frozenset()

    def opinion(self, paper_id: int) -> bool | None:
        """Return whether the subscriber likes a paper; None if they have not said so."""
        return (self.liked or {}).get(paper_id)


@dataclass(frozen=True, slots=True)
class StoredReactions:
    """All votes of a subscriber with their days, and all their feedback, the newest first, with the papers by id.

    `hidden` holds the ids of those papers that are hidden.
    """

    votes: Mapping[int, date]
    feedback: tuple[Feedback, ...]
    papers: Mapping[int, Paper]
    hidden: frozenset[int]


@dataclass(frozen=True, slots=True)
class MailedPaper:
    """A paper of a digest, whether it is hidden now, and the subscriber who got the digest."""

    paper: Paper
    subscriber: Subscriber
    is_hidden: bool


def may_react(subscriber: Subscriber) -> bool:
    """Return whether a subscriber may vote and give feedback. A channel may not: people vote by their own accounts."""
    return subscriber.state is SubscriberState.ACTIVE and subscriber.endpoint_id is None


def react(  # noqa: PLR0913, PLR0917
    engine: Engine, subscriber: Subscriber, paper_id: int, reaction: Reaction, client: str | None, now: datetime
) -> ReactionRefusal | None:
    """Store what a subscriber does about a paper; return the reason if it is refused, and otherwise None.

    `client` is the IP address from which the subscriber sends the request; None if it is not known. Doing the same
    again changes nothing. The id of a paper that was merged into another one stands for the other paper.
    """
    if not within_limits(engine, Action.REACTION, subscriber.email, client, now):
        return ReactionRefusal.TOO_MANY
    return _store(engine, subscriber.id, paper_id, reaction, now)


@retried
def _store(
    engine: Engine, subscriber_id: int, paper_id: int, reaction: Reaction, now: datetime
) -> ReactionRefusal | None:
    with writing(engine) as connection:
        stored = subscribers.by_ids(connection, [subscriber_id], lock=True).get(subscriber_id)
        if stored is None or not (may_react(stored) or reaction in _TAKING_BACK):
            return ReactionRefusal.NOT_ACTIVE
        current = papers.locked(connection, [paper_id])
        if not current:
            return ReactionRefusal.NO_PAPER
        if reaction not in _TAKING_BACK and hidden_among(connection, current):
            return ReactionRefusal.HIDDEN
        match reaction:
            case Reaction.VOTE:
                votes.add_vote(connection, subscriber_id, paper_id, now.date())
            case Reaction.UNVOTE:
                votes.remove_vote(connection, subscriber_id, paper_id)
            case Reaction.LIKE | Reaction.DISLIKE:
                liked = reaction is Reaction.LIKE
                if feedback.opinions_of(connection, subscriber_id, [paper_id]).get(paper_id) is not liked:
                    feedback.give_feedback(connection, subscriber_id, paper_id, liked, now)
            case Reaction.FORGET:
                feedback.take_back(connection, subscriber_id, paper_id)
    return None


def own_reactions(engine: Engine, subscriber_id: int, paper_ids: Iterable[int]) -> OwnReactions:
    """Return what a subscriber has said about these papers."""
    wanted = list(paper_ids)
    with reading(engine) as connection:
        voted = votes.votes_of(connection, subscriber_id, wanted)
        opinions = feedback.opinions_of(connection, subscriber_id, wanted)
        return OwnReactions(frozenset(voted), opinions, frozenset(hidden_among(connection, wanted)))


def stored_reactions(engine: Engine, subscriber_id: int) -> StoredReactions:
    """Return all votes and all feedback of a subscriber."""
    with reading(engine) as connection:
        return read_reactions(connection, subscriber_id)


def read_reactions(connection: Connection, subscriber_id: int) -> StoredReactions:
    """Return the same as `stored_reactions`, in the caller's transaction."""
    days = votes.voting_days(connection, subscriber_id)
    given = tuple(feedback.feedback_of(connection, [subscriber_id]).get(subscriber_id, ()))
    found = papers.papers_by_id(connection, {*days, *(each.paper_id for each in given)})
    return StoredReactions(days, given, found, frozenset(hidden_among(connection, found)))


def count_reactions(engine: Engine, subscriber_id: int) -> tuple[int, int]:
    """Return for how many papers a subscriber has voted, and on how many they have given feedback."""
    with reading(engine) as connection:
        given = feedback.feedback_of(connection, [subscriber_id]).get(subscriber_id, ())
        return len(votes.votes_of(connection, subscriber_id)), len(given)


@retried
def forget_feedback(engine: Engine, subscriber_id: int) -> int:
    """Delete all feedback of a subscriber, and return on how many papers it was."""
    with writing(engine) as connection:
        return feedback.reset_feedback(connection, subscriber_id)


@retried
def set_taste(engine: Engine, subscriber_id: int, is_on: bool) -> None:
    """Decide whether a subscriber's feedback orders the papers of their digests.

    Raises UsageError if the subscriber is gone.
    """
    with writing(engine) as connection:
        require_subscriber(connection, subscriber_id)
        subscribers.update_subscriber(connection, subscriber_id, {"taste": is_on})


def mailed_paper(engine: Engine, delivery_id: int, paper_id: int) -> MailedPaper | None:
    """Return a paper of a digest or welcome mail, and its subscriber, for the link in the mail.

    Returns None if the digest was removed or does not hold the paper, or if its subscriber has been erased. Returns
    None too if the subscriber has signed out everywhere since, because that ends other links in the mail too.
    """
    with reading(engine) as connection:
        row = deliveries.one_with_papers(connection, delivery_id)
        if row is None or row.subscriber_id is None:
            return None
        subscriber = subscribers.by_ids(connection, [row.subscriber_id]).get(row.subscriber_id)
        if subscriber is None or (subscriber.signed_out_at and row.planned_at < subscriber.signed_out_at):
            return None
        try:
            held = papers.current_ids(connection, items.paper_ids(row._mapping["items"]))
        except ComposeError:
            return None
        found = papers.papers_by_id(connection, [paper_id]).get(paper_id)
        if found is None or found.id not in held:
            return None
        return MailedPaper(found, subscriber, bool(hidden_among(connection, [found.id])))
