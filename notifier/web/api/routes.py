"""Declare the operations of the API: what each needs, and what all have in common.

Every operation first counts the request and checks its caller, then reads the body. All errors are problem documents,
and all answers to GET have an ETag. The scope that an operation needs is declared once, in its `openapi_extra`: the
check and the document at /openapi.json take it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from notifier.config import Config
from notifier.errors import shortened
from notifier.models import Scope
from notifier.web.api.access import SCHEME, Caller, admit
from notifier.web.api.bodies import read_body, read_json, refuse_fields, refuse_forms
from notifier.web.api.problems import EXPLAINED, ProblemError, WrongField, problem_of
from notifier.web.api.repeats import answered_once
from notifier.web.conditional import conditional
from notifier.web.guards import MAX_BODY

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ApiRoute(APIRoute):
    """A route whose requests are checked before anything of them is parsed."""

    def get_route_handler(self) -> Handler:
        """Return the function that answers a request."""
        answer = super().get_route_handler()
        scope = _scope_of(self.openapi_extra or {})
        names = {each.alias for each in self.dependant.query_params}

        async def explained(request: Request) -> Response:
            try:
                return await answer(request)
            except EXPLAINED as error:
                return problem_of(request, error)

        async def handle(request: Request) -> Response:
            try:
                caller = request.state.caller = await run_in_threadpool(admit, request, scope)
            except EXPLAINED as error:
                return problem_of(request, error)
            try:
                _check_names(request, names)
                _refuse_if_match(request)
                await read_body(request, self.body_limit(request.app.state.site.config))
                await self.check_body(request)
                response = await answered_once(request, caller, lambda: explained(request))
            except EXPLAINED as error:
                response = problem_of(request, error)
            if request.method in ("GET", "HEAD") and response.status_code == HTTPStatus.OK:
                response = conditional(request, response)
            response.headers.update(caller.allowance.headers)
            return response

        return handle

    def body_limit(self, _config: Config) -> int:
        """Return the largest number of bytes that the body of a request may have."""
        return MAX_BODY

    async def check_body(self, request: Request) -> None:
        """Raise ProblemError if the operation cannot take this body."""
        await (read_json(request) if self.body_field else refuse_fields(request))


class UploadRoute(ApiRoute):
    """A route whose requests carry a file."""

    def body_limit(self, config: Config) -> int:
        """Return the largest size that the config allows for a dump."""
        return config.limits.max_file_bytes

    async def check_body(self, request: Request) -> None:
        """Raise ProblemError if the file is wrapped in a form."""
        await refuse_forms(request)


def api_router(name: str, route_class: type[ApiRoute] = ApiRoute) -> APIRouter:
    """Return a router for operations that the documentation shows together under a name."""
    return APIRouter(route_class=route_class, tags=[name])


def reads(router: APIRouter, path: str, scope: Scope, **values: Any) -> Callable[[Endpoint], Endpoint]:
    """Declare an operation that changes nothing: GET, and HEAD."""

    def declare(endpoint: Endpoint) -> Endpoint:
        shared = {"name": endpoint.__name__, "openapi_extra": _extra(scope), **values}
        router.add_api_route(path, endpoint, methods=["GET"], operation_id=endpoint.__name__, **shared)
        router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False, **shared)
        return endpoint

    return declare


def writes(
    router: APIRouter, method: str, path: str, scope: Scope, *, status: int = HTTPStatus.OK, **values: Any
) -> Callable[[Endpoint], Endpoint]:
    """Declare an operation that changes something. `openapi_extra` in `values` adds to its description."""
    extra = {**_extra(scope), **values.pop("openapi_extra", {})}

    def declare(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            operation_id=endpoint.__name__,
            status_code=status,
            openapi_extra=extra,
            **values,
        )
        return endpoint

    return declare


def caller_of(request: Request) -> Caller:
    """Return who has sent a request that was let in."""
    caller: Caller = request.state.caller
    return caller


def _check_names(request: Request, names: Collection[str]) -> None:
    """Raise ProblemError with 422 for a field of the URL that the operation does not have, or that comes twice.

    Otherwise a misspelt filter would be silently ignored.
    """
    sent = [name for name, _ in request.query_params.multi_items()]
    for name in sent:
        if name not in names:
            known = f"it has {', '.join(sorted(names))}" if names else "it has none"
            raise _wrong_name(name, f"This operation has no such field in its URL; {known}.")
        if sent.count(name) > 1:
            raise _wrong_name(name, "This field comes twice; give it once.")


def _refuse_if_match(request: Request) -> None:
    """Raise ProblemError with 412 if a change is asked for only if an ETag matches.

    If-Match compares by the strong comparison, by which a weak ETag never matches (RFC 9110, section 13.1.1).
    """
    if request.method not in ("GET", "HEAD") and request.headers.get("if-match", "*").strip() != "*":
        detail = "The ETags here are weak, so If-Match matches none of them; send the request without it."
        raise ProblemError(HTTPStatus.PRECONDITION_FAILED, detail)


def _wrong_name(name: str, detail: str) -> ProblemError:
    wrong = WrongField(where=["query", shortened(name, 100)], detail=detail)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=[wrong])


def _extra(scope: Scope) -> dict[str, Any]:
    return {"security": [{SCHEME: [scope.value]}]}


def _scope_of(extra: dict[str, Any]) -> Scope:
    return Scope(extra["security"][0][SCHEME][0])
