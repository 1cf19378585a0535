"""Answer every failed request of the API with a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteHTTPException

from notifier.errors import ConfigError, NotifierError, QueryError, StoreError
from notifier.web.fields import sentence

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 60  # after a failure of the database

DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this path; /openapi.json lists all paths.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take this method; the header Allow lists those that it takes.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong here, and the operator can see it in the log.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database does not answer now; try again later.",
}


class WrongField(BaseModel):
    """A part of the request that is wrong: `where` begins with `query`, `path`, `header` or `body`."""

    where: list[str | int]
    detail: str
    column: int | None = Field(default=None, description="The place of the error in a query, counted from 1.")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Always `about:blank`: the status says what kind of problem it is.")
    title: str = Field(description="The name of the status.")
    status: int
    detail: str = Field(description="What went wrong, and what to do about it.")
    errors: list[WrongField] | None = Field(default=None, description="The parts of the request that are wrong.")


class ProblemError(Exception):
    """A request that is refused, with the status, the detail and the headers of the answer."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[WrongField] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.errors = errors


# The exceptions of a request that have an answer of their own; any other is a bug.
EXPLAINED = (ProblemError, RequestValidationError, StarletteHTTPException, NotifierError, SQLAlchemyError)


def not_found(what: str) -> ProblemError:
    """Return the error that something does not exist; `what` says this in a sentence."""
    return ProblemError(HTTPStatus.NOT_FOUND, what)


def problem(
    status: int, detail: str = "", headers: Mapping[str, str] | None = None, errors: Sequence[WrongField] = ()
) -> Response:
    """Return the response with a problem document."""
    found = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail or DETAILS.get(HTTPStatus(status), f"{HTTPStatus(status).description or 'The request failed'}."),
        errors=list(errors) or None,
    )
    return JSONResponse(found.model_dump(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE)


def problem_of(request: Request, error: Exception) -> Response:
    """Return the response for an error; see EXPLAINED."""
    match error:
        case ProblemError():
            return problem(error.status, error.detail, error.headers, error.errors)
        case RequestValidationError():
            return _wrong_fields([_field(each) for each in error.errors()])
        case HTTPException() | StarletteHTTPException():
            return problem(error.status_code, "", error.headers)
        case StoreError() | SQLAlchemyError():
            request.app.state.database_failures.add(getattr(error, "orig", None) or error)
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "", {"Retry-After": str(RETRY_SECONDS)})
        case QueryError():
            return _wrong_fields([WrongField(where=["query"], detail=sentence(error.reason), column=error.column)])
        case ConfigError():
            return problem(HTTPStatus.CONFLICT, sentence(error))
        case NotifierError():
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, sentence(error))
        case _:
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR)


def _wrong_fields(errors: list[WrongField]) -> Response:
    first = errors[0]
    names = [str(each) for each in first.where if each not in ("query", "path", "header", "body")]
    detail = f"{'.'.join(names) or first.where[0]}: {first.detail}"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


def _field(found: Mapping[str, Any]) -> WrongField:
    return WrongField(where=list(found["loc"]), detail=sentence(found["msg"].removeprefix("Value error, ")))
