"""Preview the subscriptions in a form: how many papers a week match, and the best three of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from notifier import matching
from notifier.digests.cards import Card, card
from notifier.models import Item, Paper, Spans
from notifier.queries import Query
from notifier.search import RecentPapers, best_of, with_similar
from notifier.store import reading
from notifier.topics import FOR_YOU, TRENDING
from notifier.web.fields import Interests, sentence
from notifier.web.site import Site

EXAMPLES = 3
UNMARKED = Spans()
STALE = timedelta(days=7)  # if the newest papers are older, a preview says which days it covers


BEST_OF_DAY = {TRENDING: "the trending papers", FOR_YOU: "those that suit you best"}


@dataclass(frozen=True, slots=True)
class PreviewValues:
    """The values that a preview shows.

    `count` is the number of papers of `days` days. `until` is the last of these days, or None if it is at most STALE
    ago. `older` is the number of papers that are listed before these days and came in lately. `volume` is a phrase
    such as `about 5 a week`. `others` are phrases for the papers that come too and are not counted, such as the
    trending ones.
    """

    count: int
    older: int
    days: int
    until: date | None
    volume: str
    examples: Sequence[Card]
    hints: Sequence[str]
    others: Sequence[str]


def preview_of(site: Site, interests: Interests) -> PreviewValues | None:
    """Return the preview of topics and words; None if there are none, or if the words are refused."""
    topics = set(interests.topics) - BEST_OF_DAY.keys()
    others = [words for slug, words in BEST_OF_DAY.items() if slug in interests.topics]
    if "words" in interests.errors or not (topics or interests.parsed or others):
        return None
    now = site.clock()
    recent = site.recent.get(site.engine, now)
    wanted = []
    if interests.parsed:
        with reading(site.engine) as connection:
            wanted = [with_similar(connection, interests.parsed, recent.papers)]
    found = recent.matching(wanted, topics)
    listed = recent.listed_in_days(found)
    shown = listed if len(listed) >= EXAMPLES else found
    if not (topics or wanted):
        shown = [each for each in recent.papers if each.listed_on == recent.until]
    with reading(site.engine) as connection:
        best = best_of(connection, shown, recent.until, EXAMPLES)
    return PreviewValues(
        count=len(listed),
        older=len(found) - len(listed),
        days=recent.days,
        until=recent.until if now.date() - recent.until > STALE else None,
        volume=volume(recent.per_week(found)),
        examples=[_example(site, paper, interests.parsed) for paper in best],
        hints=[sentence(each) for query in wanted for each in recent.hints(interests.query, query)],
        others=others,
    )


def volume(per_week: float) -> str:
    """Return a number of papers a week as a phrase; empty if it is 0."""
    if per_week <= 0:
        return ""
    return "less than 1 a week" if per_week < 1 else f"about {per_week:.0f} a week"


def volumes_of_topics(recent: RecentPapers) -> dict[str, str]:
    """Return the volume of each topic by slug; topics without papers are left out."""
    return {slug: volume(per_week) for slug, per_week in recent.per_week_by_topic().items()}


def paper_card(site: Site, paper: Paper, marks: Spans = UNMARKED) -> Card:
    """Return the card of a paper as a digest would show it, with these places marked."""
    return card(Item(paper.id, paper.upvotes, marks, votes=paper.votes), paper, site.mail)


def _example(site: Site, paper: Paper, query: Query | None) -> Card:
    return paper_card(site, paper, matching.spans(query, paper) if query else UNMARKED)
