"""The operations that show the status of the service and of its sources, as the commands do."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from notifier.models import Health, Scope
from notifier.operations import Status, list_sources, service_status
from notifier.web.api.routes import api_router, reads
from notifier.web.site import SiteDependency

router = api_router("status")


class Source(BaseModel):
    """A source of the config, and whether its papers arrive."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    name: str
    place: str = Field(serialization_alias="from", description="Where its dumps come from, such as a URL.")
    last_tried_at: datetime | None
    last_succeeded_at: datetime | None
    papers: int | None = Field(description="The number of papers of the day papers_on.")
    papers_on: date | None = Field(description="The last day of which the number of papers is known.")
    next_due: datetime | None
    failures: int = Field(description="The tries that have failed in a row.")
    problem: str | None
    problem_since: datetime | None
    health: Health
    sentence: str
    cure: str | None
    usual: int | None = Field(description="The usual number of papers on this day of the week.")


class SourceList(BaseModel):
    """All sources."""

    sources: list[Source]


@reads(router, "/status", Scope.READ_STATUS)
def get_status(site: SiteDependency) -> Status:
    """Show papers, sources, subscribers and deliveries in numbers, and what needs the operator's attention."""
    return service_status(site.engine, site.config, site.clock())


@reads(router, "/sources", Scope.READ_STATUS)
def get_sources(site: SiteDependency) -> SourceList:
    """List the sources: when each was fetched, how many papers came, when it is due next, and whether all is well."""
    found = list_sources(site.engine, site.config, site.clock())
    return SourceList(sources=[Source.model_validate(each) for each in found])
