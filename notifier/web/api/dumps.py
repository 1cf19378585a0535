"""The operation that uploads a dump of papers, as `notifier ingest --json` does."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from notifier import pipeline
from notifier.errors import DumpError
from notifier.files import DumpFile
from notifier.models import DumpStatus, Scope
from notifier.pipeline import DumpReport
from notifier.text.harmless import without_controls
from notifier.web.api.inputs import Day, Omittable
from notifier.web.api.problems import ProblemError
from notifier.web.api.routes import UploadRoute, api_router, writes
from notifier.web.fields import sentence
from notifier.web.site import Site, SiteDependency

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)  # as in the option --date
ANY_BYTES = {
    "required": True,
    "description": "The bytes of the dump, in any of the formats, uncompressed or as gzip or xz.",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}

router = api_router("dumps", UploadRoute)


class Ingested(BaseModel):
    """The outcome, in a list of one report, as `notifier ingest --json` prints it."""

    dumps: list[DumpReport]


@writes(
    router,
    "POST",
    "/dumps",
    Scope.WRITE_DUMPS,
    status=HTTPStatus.CREATED,
    openapi_extra={"requestBody": ANY_BYTES},
    responses={200: {"model": Ingested, "description": "The same bytes were ingested before; nothing changed."}},
)
async def upload_dump(  # noqa: PLR0913 - the fields of the URL
    site: SiteDependency,
    request: Request,
    response: Response,
    *,
    name: Annotated[str, Query(max_length=200, description="A file name; a date in it is the listing day.")] = "",
    listed_on: Annotated[Omittable[Day], Query(alias="date", description="The listing day, if it is known.")] = None,
    archive: Annotated[bool, Query(description="Store the papers without announcing them.")] = False,
) -> Ingested:
    """Upload a dump of papers, which is ingested at once. The same bytes are ingested only once."""
    if listed_on and not FIRST_DAY <= listed_on <= LAST_DAY:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"The date is not from {FIRST_DAY} to {LAST_DAY}.")
    content = await request.body()
    report = await run_in_threadpool(_ingest, site, DumpFile(_path(name, content), content), listed_on, archive)
    if report.status is DumpStatus.KNOWN:
        response.status_code = HTTPStatus.OK
    return Ingested(dumps=[report])


def _ingest(site: Site, file: DumpFile, day: date | None, archive: bool) -> DumpReport:
    """Ingest a dump and tag its papers. Raises ProblemError with 422 if the bytes are no dump."""
    settings = pipeline.settings_for(site.engine, site.config, archive=archive)
    try:
        report = pipeline.ingest_file(site.engine, file, day, site.clock(), settings)
    except DumpError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, sentence(error)) from None
    pipeline.tag_all(site.engine, site.config)
    return report


def _path(name: str, content: bytes) -> Path:
    """Return the name of a dump as a path. It is used only as a name: no file at this path is read or written."""
    last = without_controls(name).replace("\\", "/").rpartition("/")[2].strip()
    return Path(last if last.strip(".") else f"{sha256(content).hexdigest()[:16]}.upload")
