"""The operation that previews a query, as `notifier preview --json` does."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from notifier import queries, search
from notifier.models import Scope
from notifier.topics import check_topics
from notifier.web.api.inputs import Digits, Omittable
from notifier.web.api.paper_models import MatchingPlaces, places_model
from notifier.web.api.papers import QueryText
from notifier.web.api.routes import api_router, reads
from notifier.web.site import SiteDependency

MOST_MATCHES, USUAL_MATCHES = 100, 20

router = api_router("previews")


class PreviewMatchDocument(BaseModel):
    """A paper that the query matches."""

    key: str
    title: str
    abstract: str
    listed_on: date
    spans: MatchingPlaces


class PreviewDocument(BaseModel):
    """What a subscription to a query would bring, judged by the stored papers."""

    canonical: str = Field(description="The canonical form, which is the same for queries that ask for the same.")
    papers: int = Field(description="The number of papers that match.")
    per_week: float
    listing_days: int = Field(description="The number of days from first to last listing day of the searched papers.")
    warnings: list[str] = Field(description="What may be a mistake in the query.")
    matches: list[PreviewMatchDocument] = Field(description="The first of the papers that match, the newest first.")


@reads(router, "/preview", Scope.READ_PAPERS)
def preview_query(
    site: SiteDependency,
    query: Annotated[QueryText, Query(description="The query, in the query language.")],
    days: Annotated[
        Omittable[Annotated[int, Field(ge=1, le=36_500), Digits]],
        Query(description="Only papers that were first listed in the last `days` days."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_MATCHES, description="How many papers to show."), Digits] = USUAL_MATCHES,
) -> PreviewDocument:
    """Preview a query: how many papers match, and which. This takes longer than a search."""
    check_topics(queries.parse(query), site.catalogue)
    found = search.preview(site.engine, query, days, site.clock(), limit)
    return PreviewDocument(
        canonical=found.canonical,
        papers=found.papers,
        per_week=found.per_week,
        listing_days=found.listing_days,
        warnings=list(found.warnings),
        matches=[
            PreviewMatchDocument(
                key=each.key,
                title=each.title,
                abstract=each.abstract,
                listed_on=each.listed_on,
                spans=places_model(each.spans),
            )
            for each in found.matches
        ],
    )
