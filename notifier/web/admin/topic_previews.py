"""The preview of a topic while an administrator writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from notifier import queries
from notifier.errors import QueryError
from notifier.models import Paper, Spans
from notifier.search import ExamplePaper, TopicChange, topic_change
from notifier.store import reading, topics
from notifier.text.excerpts import Run, marked_sentence, runs
from notifier.text.harmless import inert
from notifier.topics import TopicDraft, near_slug
from notifier.web.fields import sentence
from notifier.web.previews import volume
from notifier.web.site import Site


@dataclass(frozen=True, slots=True)
class Example:
    """A paper with the marked words: in the title, or else in `passage`, a sentence of the abstract."""

    path: str
    title: Sequence[Run]
    passage: Sequence[Run]
    day: date


@dataclass(frozen=True, slots=True)
class TopicPreview:
    """What a preview shows: the numbers of papers, the newest that gain and lose the topic, and who follows it.

    `is_new` says whether there is no such topic yet. `notes` are sentences about what looks like a mistake.
    """

    change: TopicChange
    volume: str
    gained: Sequence[Example]
    lost: Sequence[Example]
    subscribers: int
    is_new: bool
    notes: Sequence[str]


def preview_values(site: Site, draft: TopicDraft) -> dict[str, object]:
    """Return what the template of a preview shows: the preview, or what is wrong with the query and at which place."""
    typed = draft.topic.query
    values: dict[str, object] = {"preview": None, "query_error": "", "typed_query": typed, "column": 0}
    if not typed:
        return values
    try:
        query = queries.parse(typed, topics_allowed=False)
    except QueryError as error:
        return {**values, "query_error": sentence(error.reason), "column": error.column}
    return {**values, "preview": _preview(site, draft, query)}


def _preview(site: Site, draft: TopicDraft, query: queries.Query) -> TopicPreview:
    slug, known = draft.slug.strip(), site.catalogue
    with reading(site.engine) as connection:
        change = topic_change(connection, slug, query, known.parsed_queries.get(slug), site.clock())
        subscribers = topics.count_subscribers(connection).get(slug, 0)
    is_new = slug not in known.topics
    notes = [sentence(each) for each in queries.hints(draft.topic.query, topics_allowed=False)]
    if is_new and slug and (near := near_slug(slug, known.topics)):
        notes.append(f"There is a topic {near}: is this another one?")
    return TopicPreview(
        change,
        volume(change.per_week),
        _examples(change.gained_examples),
        _examples(change.lost_examples),
        subscribers,
        is_new,
        notes,
    )


def _examples(found: Sequence[ExamplePaper]) -> list[Example]:
    return [_example(each.paper, each.spans) for each in found]


def _example(paper: Paper, spans: Spans) -> Example:
    in_abstract = spans.abstract and not spans.title
    passage = marked_sentence(inert(paper.abstract), spans.abstract) if in_abstract else ()
    title = runs(inert(paper.title), spans.title)
    return Example(f"/paper/{quote(paper.key)}", tuple(title), tuple(passage), paper.listed_on)
