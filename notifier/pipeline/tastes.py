"""Order the papers of digests by the tastes of their subscribers, which are learnt from feedback.

Without feedback, or with the switch `taste` off, a subscriber gets the papers in the order of trending.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from notifier.digests.selection import Arranged
from notifier.models import Paper, Subscriber, Subscription
from notifier.pipeline.candidates import MatchedPapers
from notifier.search import taste_vectors
from notifier.store import feedback, papers
from notifier.store.hidden_papers import hidden_among
from notifier.taste import Tastes, TasteVectors
from notifier.text.harmless import inert, shortened_to_columns
from notifier.topics import ALL, FOR_YOU, RESERVED, TRENDING

FOR_YOU_PAPERS = 10
MOST_RATINGS = 200  # of a subscriber, the newest ones, so that a taste follows what they like now
TITLE_COLUMNS = 60  # of a liked paper's title on a card

NO_LIKES = (
    "You have liked no paper yet, so these are the best trending papers; say “More like this” of some papers, and this "
    "section will follow your taste."
)
SWITCHED_OFF = "In your settings, ordering by your feedback is switched off, so these are the best trending papers."
_NO_TASTES = Tastes({}, TasteVectors((), np.zeros((0, 0), np.float32), np.zeros(0, np.float32)), ())


@dataclass(frozen=True, slots=True)
class PersonalOrder:
    """The order in which one subscriber gets papers: by trending and taste, or by trending alone if they have none.

    `titles` has the shortened titles of liked papers by id, without those of hidden papers. At most `limit` papers of a
    section are shown. `pinned` are the ids of the papers that stay first in the topics `all` and `trending`.
    """

    subscriber: Subscriber
    tastes: Tastes
    titles: Mapping[int, str]
    limit: int
    pinned: Collection[int]

    def best(self, found: list[Paper]) -> list[Paper]:
        """Return the papers of the topic `for-you`: the best by taste alone that the subscriber has not rated.

        They are the best by trending if the subscriber has liked no paper. `found` are in the order of trending.
        """
        if not self.tastes.liked(self.subscriber.id):
            return found[:FOR_YOU_PAPERS]
        rated = self.tastes.rated(self.subscriber.id)
        unrated = [paper for paper in found if paper.id not in rated]
        order = self.tastes.by_taste(self.subscriber.id, [paper.id for paper in unrated])
        return [unrated[place] for place in order[:FOR_YOU_PAPERS].tolist()]

    def arranged(self, subscription: Subscription, found: Sequence[Paper]) -> Arranged:
        """Return the papers of a section in the subscriber's order.

        `found` are in the order of trending, or in that of `best` for the topic `for-you`.
        """
        if subscription.topic == FOR_YOU:
            if not self.tastes.liked(self.subscriber.id):
                return Arranged(found, note=NO_LIKES if self.subscriber.taste else SWITCHED_OFF)
            return Arranged(found, self._because(found[: self.limit]))
        if self.subscriber.id not in self.tastes:
            return Arranged(found)
        stays = self.pinned if subscription.topic in (ALL, TRENDING) else ()
        first = [paper for paper in found if paper.id in stays]
        others = [paper for paper in found if paper.id not in stays] if first else found
        order = self.tastes.by_trending_and_taste(self.subscriber.id, [paper.id for paper in others]).tolist()
        moved_up = [others[place] for new_place, place in enumerate(order[: self.limit]) if new_place < place]
        return Arranged([*first, *(others[place] for place in order)], self._because(moved_up))

    def _because(self, shown: Sequence[Paper]) -> dict[int, str]:
        similar = self.tastes.most_similar_liked(self.subscriber.id, [paper.id for paper in shown])
        return {paper_id: self.titles[liked] for paper_id, liked in similar.items() if liked in self.titles}


@dataclass(frozen=True, slots=True)
class PersonalOrders:
    """The orders of a batch of subscribers."""

    tastes: Tastes
    titles: Mapping[int, str]

    def of(self, subscriber: Subscriber, limit: int, pinned: Collection[int]) -> PersonalOrder:
        """Return the order of one of the subscribers; see `PersonalOrder` for `limit` and `pinned`."""
        return PersonalOrder(subscriber, self.tastes, self.titles, limit, pinned)


def read_orders(
    connection: Connection, batch: Sequence[Subscriber], matched: Mapping[int, MatchedPapers], everything: list[Paper]
) -> PersonalOrders:
    """Read the feedback of a batch of subscribers, and return their orders of the papers that they matched.

    `matched` has these papers by subscriber id, and `everything` all papers that a reserved topic may match. All
    feedback is read at once, and vectors only if there is any.
    """
    given = feedback.feedback_of(connection, [each.id for each in batch if each.taste])
    ratings = {
        each.id: {said.paper_id: said.liked for said in given[each.id][:MOST_RATINGS]}
        for each in batch
        if each.id in given
    }
    if not ratings:
        return PersonalOrders(_NO_TASTES, {})
    scored = _papers_to_score([matched[subscriber_id] for subscriber_id in ratings], everything)
    rated = {paper_id: is_liked for of_one in ratings.values() for paper_id, is_liked in of_one.items()}
    liked = {paper_id for of_one in ratings.values() for paper_id, is_liked in of_one.items() if is_liked}
    titles = papers.titles(connection, liked - hidden_among(connection, liked))
    topics = {paper.id: paper.topics for paper in everything}
    return PersonalOrders(
        Tastes(ratings, taste_vectors(connection, {*rated, *scored}, topics), scored),
        {paper_id: shortened_to_columns(inert(title), TITLE_COLUMNS) for paper_id, title in titles.items()},
    )


def _papers_to_score(matched: Sequence[MatchedPapers], everything: Sequence[Paper]) -> list[int]:
    """Return the ids of all matched papers, or of `everything` if any subscription is to a reserved topic."""
    if any(subscription.topic in RESERVED for of_one in matched for subscription, _ in of_one):
        return [paper.id for paper in everything]
    return sorted({paper.id for of_one in matched for _, found in of_one for paper in found})
