"""Store what subscribers say about papers: "more like this", or "not for me"."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, exists, select, update

from notifier.models import Feedback
from notifier.store.papers import locked
from notifier.store.statements import batches, insert_into
from notifier.store.tables import feedback


def give_feedback(connection: Connection, subscriber_id: int, paper_id: int, liked: bool, now: datetime) -> bool:
    """Store what a subscriber says about a paper, in place of what they said before.

    Returns False if the paper no longer exists. The id of a paper that was merged into another one stands for the other
    paper, here and in `take_back`.
    """
    said = {"liked": liked, "given_at": now}
    papers = locked(connection, [paper_id])
    for current in papers:
        row = insert_into(connection.dialect, feedback).values(subscriber_id=subscriber_id, paper_id=current, **said)
        connection.execute(row.on_conflict_do_update(index_elements=["subscriber_id", "paper_id"], set_=said))
    return bool(papers)


def take_back(connection: Connection, subscriber_id: int, paper_id: int) -> bool:
    """Delete what a subscriber has said about a paper; return whether they had said anything."""
    papers = locked(connection, [paper_id])
    mine = (feedback.c.subscriber_id == subscriber_id, feedback.c.paper_id.in_(papers))
    return connection.execute(delete(feedback).where(*mine)).rowcount > 0


def feedback_of(connection: Connection, subscriber_ids: Iterable[int]) -> dict[int, list[Feedback]]:
    """Return what each of these subscribers has said about papers, the newest first; others are left out."""
    found: dict[int, list[Feedback]] = {}
    row = feedback.c
    for batch in batches(subscriber_ids):
        said = select(row.subscriber_id, row.paper_id, row.liked, row.given_at).where(row.subscriber_id.in_(batch))
        for subscriber_id, *values in connection.execute(said.order_by(row.given_at.desc(), row.paper_id.desc())):
            found.setdefault(subscriber_id, []).append(Feedback(*values))
    return found


def opinions_of(connection: Connection, subscriber_id: int, paper_ids: Iterable[int]) -> dict[int, bool]:
    """Return, by paper id, whether a subscriber likes these papers; papers without their feedback are left out."""
    found: dict[int, bool] = {}
    row = feedback.c
    for batch in batches(paper_ids):
        said = select(row.paper_id, row.liked).where(row.subscriber_id == subscriber_id, row.paper_id.in_(batch))
        found.update(connection.execute(said).all())
    return found


def reset_feedback(connection: Connection, subscriber_id: int) -> int:
    """Delete all feedback of a subscriber, and return on how many papers it was."""
    return connection.execute(delete(feedback).where(feedback.c.subscriber_id == subscriber_id)).rowcount


def merge(connection: Connection, absorbed: int, kept: int) -> None:
    """Let the feedback on the paper `absorbed` be on the paper `kept`; both must be locked.

    If a subscriber has said something about both, what they said last is kept.
    """
    other = feedback.alias().c
    same = (other.subscriber_id == feedback.c.subscriber_id, other.given_at >= feedback.c.given_at)
    for loser, winner in ((absorbed, kept), (kept, absorbed)):
        is_older = exists().where(*same, other.paper_id == winner)
        connection.execute(delete(feedback).where(feedback.c.paper_id == loser, is_older))
    connection.execute(update(feedback).where(feedback.c.paper_id == absorbed).values(paper_id=kept))
