"""Describe the API in OpenAPI 3.1: what FastAPI finds in the operations, and what all of them have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from notifier.models import Scope
from notifier.web.api.access import SCHEME, is_public
from notifier.web.api.problems import MEDIA_TYPE, Problem
from notifier.web.api.repeats import HEADER, MAX_KEY, PATTERN
from notifier.web.site import Site

OPENAPI = "3.1.0"
DESCRIPTION = """\
Everything that the pages and the commands do, as JSON.

A program sends its token in a header `Authorization: Bearer TOKEN`; the operator creates one with
`notifier token create`. Each operation names the scope that its token must have. Errors are problem documents (RFC
9457). Lists come in pages: the header Link (RFC 8288) leads to the next one. GET answers with an ETag, and with 304 if
the client already has this version. The headers RateLimit and RateLimit-Policy tell how many requests are left.\
"""
SUFFIX = "Document"  # of the classes that would otherwise have the name of a class in `notifier.models`
# What may happen to any request.
ALWAYS = (401, 403, 422, 429, 500, 503)
SOMETIMES = (400, 404, 409, 410, 412, 413, 415)
HEADERS_OF = {401: ("WWW-Authenticate",), 403: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


def openapi_document(api: FastAPI, site: Site) -> dict[str, Any]:
    """Return the description of the API."""
    found = get_openapi(
        title=api.title, version=api.version, openapi_version=OPENAPI, description=DESCRIPTION, routes=api.routes
    )
    if site.config.web.base_url:
        found["servers"] = [{"url": site.config.web.base_url}]
    components = found["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["schemas"].update(_problem_schemas())
    components["responses"] = {str(status): _problem_response(status) for status in (*ALWAYS, *SOMETIMES)}
    components["securitySchemes"] = {SCHEME: _security_scheme()}
    for path, method, operation in operations_of(found):
        _complete(path, method, operation, site)
    return _with_short_names(found)


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the path, the method and the description of each operation of a document."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation


def _with_short_names(document: dict[str, Any]) -> dict[str, Any]:
    """Return a description whose schemas are named without the suffix of their classes: `Paper`, not `PaperDocument`.

    A name is a whole string: a key, a title, or the end of a reference.
    """
    text = re.sub(rf'"(#/components/schemas/)?(\w+){SUFFIX}"', r'"\1\2"', json.dumps(document))
    renamed: dict[str, Any] = json.loads(text)
    assert len(renamed["components"]["schemas"]) == len(document["components"]["schemas"]), "two schemas share a name"
    return renamed


def _complete(path: str, method: str, operation: dict[str, Any], site: Site) -> None:
    """Add to an operation what it shares with the others."""
    responses = operation["responses"]
    statuses = [*ALWAYS, *((404,) if "{" in path or "after" in _parameters(operation) else ())]
    statuses += [] if method == "get" else [409, 412, 413]
    statuses += [400, 415] if "requestBody" in operation else []
    statuses += [410] if "410" in responses else []
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    for status, response in responses.items():
        if status.startswith("2"):
            response["headers"] = {**_limit_headers(), **_headers(method, operation)}
    if method == "post":
        operation["parameters"] = [*operation.get("parameters", ()), _idempotency_key()]
    if method == "get":
        responses["304"] = {"description": "The client has this already."}
    (needed,) = operation["security"][0][SCHEME]
    if is_public(site, Scope(needed)):
        operation["security"] = [{}, *operation["security"]]


def _parameters(operation: dict[str, Any]) -> list[str]:
    return [each["name"] for each in operation.get("parameters", ())]


def _headers(method: str, operation: dict[str, Any]) -> dict[str, Any]:
    headers = {"ETag": _header("The version of the answer, for If-None-Match.")} if method == "get" else {}
    if "after" in _parameters(operation):
        headers["Link"] = _header('The URL of the next page, with `rel="next"`; not on the last page.')
    return headers


def _limit_headers() -> dict[str, Any]:
    return {
        "RateLimit-Policy": _header("The limit: `q` requests in `w` seconds."),
        "RateLimit": _header("What is left of the limit: `r` requests, for `t` seconds."),
    }


def _idempotency_key() -> dict[str, Any]:
    return {
        "name": HEADER,
        "in": "header",
        "description": "A text of your own, such as a UUID: the same request is done only once in 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": PATTERN},
    }


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _problem_response(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in HEADERS_OF:
        found["headers"] = {name: _header("") for name in HEADERS_OF[status]}
    return found


def _problem_schemas() -> dict[str, Any]:
    _, found = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _security_scheme() -> dict[str, Any]:
    scopes = ", ".join(f"`{each}`" for each in Scope)
    return {"type": "http", "scheme": "bearer", "description": f"An access token. The scopes are {scopes}."}
