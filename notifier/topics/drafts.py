"""Check a topic that somebody writes on the pages of administrators or with a command, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from notifier import queries
from notifier.errors import QueryError, UsageError
from notifier.text.harmless import without_controls
from notifier.topics.catalogue import RESERVED, SEARCH, SLUG, Origin, Topic, is_reserved

LONGEST_SLUG, LONGEST_TITLE, LONGEST_DESCRIPTION = 60, 100, 300
MOST_TERMS, LONGEST_TERM = 30, 60
ALIKE = 0.8  # slugs that are more alike than this are probably meant to be the same

_LINE_END = re.compile(r"\r\n|[\r\n\t]")


@dataclass(frozen=True, slots=True)
class TopicDraft:
    """A topic as it was typed; `terms` are separated by commas."""

    slug: str = ""
    title: str = ""
    description: str = ""
    query: str = ""
    terms: str = ""

    @property
    def topic(self) -> Topic:
        """The topic that was typed, with spaces and line ends made plain. It may be refused; see `wrong_fields`."""
        terms = filter(None, map(_plain, self.terms.split(",")))
        return Topic(
            self.slug.strip(),
            _plain(self.title),
            _plain(self.description),
            self.typed_query.strip(),
            tuple(dict.fromkeys(terms)),
            Origin.DATABASE,
        )

    @property
    def typed_query(self) -> str:
        """The query on one line, so that the column of an error is a place in it."""
        return _LINE_END.sub(" ", self.query)


def draft_of(topic: Topic) -> TopicDraft:
    """Return a topic as a form shows it."""
    return TopicDraft(topic.slug, topic.title, topic.description, " ".join(topic.query.split()), ", ".join(topic.terms))


def wrong_fields(topic: Topic) -> dict[str, UsageError]:
    """Return what is wrong with a topic, by field; a QueryError has the column of the mistake."""
    wrong = {
        "slug": _wrong_slug(topic.slug),
        "title": _wrong_length(topic.title, LONGEST_TITLE, "a title") if topic.title else "write a title",
        "description": _wrong_length(topic.description, LONGEST_DESCRIPTION, "a description"),
        "terms": _wrong_terms(topic.terms),
    }
    found = {field: UsageError(words) for field, words in wrong.items() if words}
    try:
        queries.parse(topic.query, topics_allowed=False)
    except QueryError as error:
        found["query"] = error
    return found


def near_slug(slug: str, others: Iterable[str]) -> str:
    """Return the slug that is nearly the same as `slug`; empty if none is."""
    return next(iter(get_close_matches(slug, [each for each in others if each != slug], n=1, cutoff=ALIKE)), "")


def _wrong_slug(slug: str) -> str:
    if is_reserved(slug):
        return f"{slug} is reserved; choose another slug than {', '.join((*RESERVED, SEARCH))}"
    if len(slug) > LONGEST_SLUG or not SLUG.fullmatch(slug):
        return (
            f"a slug is lower-case words joined by hyphens, such as graph-networks, of at most {LONGEST_SLUG} letters"
        )
    return ""


def _wrong_length(text: str, longest: int, what: str) -> str:
    return f"{what} may have at most {longest} characters, and this has {len(text)}" if len(text) > longest else ""


def _wrong_terms(terms: tuple[str, ...]) -> str:
    if len(terms) > MOST_TERMS:
        return f"a topic may have at most {MOST_TERMS} leading terms"
    return next(filter(None, (_wrong_length(each, LONGEST_TERM, "a leading term") for each in terms)), "")


def _plain(text: str) -> str:
    return " ".join(without_controls(text).split())
