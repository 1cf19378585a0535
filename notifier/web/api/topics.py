"""The operations on topics: list them, show one, list the papers of one."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from notifier.models import ListOrder, Scope
from notifier.pipeline import count_by_topic
from notifier.store import reading, tags
from notifier.topics import ALL, TRENDING, Origin
from notifier.web.api.inputs import Omittable
from notifier.web.api.lists import After, link_to_next, no_page, page_request
from notifier.web.api.paper_models import PaperList, listed_paper
from notifier.web.api.problems import not_found
from notifier.web.api.routes import api_router, reads
from notifier.web.pages.topics import ORDERS, read_topic_page
from notifier.web.paper_cards import paper_card
from notifier.web.site import Site, SiteDependency

router = api_router("topics")

TopicOrder = Literal[ListOrder.NEWEST, ListOrder.TRENDING]
Slug = Annotated[str, Path(description="The slug of a topic.", max_length=200)]


class TopicDocument(BaseModel):
    """A named query of the operator's; papers that match it have the topic."""

    slug: str
    title: str
    description: str
    query: str
    origin: Origin = Field(description="Where it is from: built-in, the config, or the database.")
    papers: int = Field(description="The number of papers that have the topic.")


class TopicList(BaseModel):
    """All topics."""

    topics: list[TopicDocument]


@reads(router, "/topics", Scope.READ_PAPERS)
def list_topics(site: SiteDependency) -> TopicList:
    """List all topics, with the number of papers of each."""
    return TopicList(topics=_topics(site))


@reads(router, "/topics/{slug}", Scope.READ_PAPERS)
def get_topic(site: SiteDependency, slug: Slug) -> TopicDocument:
    """Show one topic."""
    for topic in _topics(site):
        if topic.slug == slug:
            return topic
    raise not_found("There is no topic with this slug; /topics lists the topics.")


@reads(router, "/topics/{slug}/papers", Scope.READ_PAPERS)
def list_papers_of_topic(
    site: SiteDependency,
    response: Response,
    slug: Annotated[str, Path(description="The slug of a topic, or `all` for all papers.", max_length=200)],
    order: Annotated[Omittable[TopicOrder], Query(description="newest is the default.")] = None,
    after: After = "",
) -> PaperList:
    """List the papers of a topic."""
    if slug not in (ALL, *site.catalogue.topics):
        hint = "; /papers/trending lists the trending papers" if slug == TRENDING else ""
        raise not_found(f"There is no topic with this slug{hint}.")
    asked = page_request(site, f"/topics/{slug}/papers", ORDERS, order, after)
    with reading(site.engine) as connection:
        found = read_topic_page(site, connection, slug, asked)
    if found is None:
        raise no_page()
    shown = [listed_paper(site, paper_card(site, paper, upvotes=paper.upvotes)) for paper in found.papers]
    return PaperList(papers=shown, next=link_to_next(response, asked.following(found.following)))


def _topics(site: Site) -> list[TopicDocument]:
    catalogue = site.catalogue
    with reading(site.engine) as connection:
        papers = tags.count_by_topic(connection, catalogue.fingerprint)
        has_untagged = tags.are_untagged(connection, catalogue.fingerprint)
    if has_untagged:
        papers = count_by_topic(site.engine, catalogue)
    return [
        TopicDocument(
            slug=slug,
            title=topic.title,
            description=topic.description,
            query=" ".join(topic.query.split()),
            origin=topic.origin,
            papers=papers.get(slug, 0),
        )
        for slug, topic in catalogue.topics.items()
    ]
