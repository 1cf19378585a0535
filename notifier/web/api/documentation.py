"""Turn the OpenAPI document into what the page /docs shows of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notifier.web.api.openapi import operations_of
from notifier.web.forms import LARGEST_ID

_REFERENCE = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a value in words, such as `list of Paper or null`; `model` is the model that it names, or empty."""

    words: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class ValueDescription:
    """A parameter of an operation, or a field of a model."""

    name: str
    kind: Kind
    is_required: bool
    description: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class OperationDescription:
    """An operation: how it is called, the scope that it needs, and what it takes and answers.

    `scope` is empty if everybody may call it. `body` says what the body is; None if there is none.
    """

    id: str
    method: str
    path: str
    description: str
    scope: str
    parameters: Sequence[ValueDescription]
    body: Kind | None
    answers: Sequence[tuple[str, Kind]]
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Model:
    """A document that requests or answers hold; for an enumeration, `fields` is empty and `words` lists the values."""

    name: str
    description: str
    fields: Sequence[ValueDescription]
    words: str


@dataclass(frozen=True, slots=True)
class Documentation:
    """The operations by the name of their group, and the models by their names."""

    groups: Mapping[str, Sequence[OperationDescription]]
    models: Sequence[Model]


def documentation_of(document: dict[str, Any]) -> Documentation:
    """Return what the page shows of an OpenAPI document."""
    groups: dict[str, list[OperationDescription]] = {}
    for path, method, operation in operations_of(document):
        groups.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    schemas = document["components"]["schemas"]
    return Documentation(groups, [_model(name, schemas[name]) for name in sorted(schemas)])


def _operation(path: str, method: str, operation: dict[str, Any]) -> OperationDescription:
    responses = operation["responses"]
    needed = operation["security"][0]
    return OperationDescription(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        description=operation.get("description", ""),
        scope=next(iter(needed.values()))[0] if needed else "",
        parameters=[_parameter(each) for each in operation.get("parameters", ())],
        body=_content(operation["requestBody"]) if "requestBody" in operation else None,
        answers=[(status, _content(each)) for status, each in sorted(responses.items()) if status < "3"],
        problems=[status for status in sorted(responses) if status >= "4"],
    )


def _parameter(found: dict[str, Any]) -> ValueDescription:
    kind = _kind(found["schema"])
    return ValueDescription(
        found["name"], kind, found.get("required", False), found.get("description", ""), found["in"]
    )


def _content(found: dict[str, Any]) -> Kind:
    """Return the type of a body or an answer."""
    for media_type, content in found.get("content", {}).items():
        schema = content.get("schema", {})
        return Kind(f"bytes ({media_type})") if schema.get("format") == "binary" else _kind(schema)
    return Kind("nothing")


def _model(name: str, schema: dict[str, Any]) -> Model:
    required = schema.get("required", ())
    fields = [
        ValueDescription(field, _kind(each), field in required, each.get("description", ""))
        for field, each in schema.get("properties", {}).items()
    ]
    return Model(name, schema.get("description", ""), fields, "" if fields else _kind(schema).words)


def _kind(schema: dict[str, Any]) -> Kind:
    if reference := schema.get("$ref"):
        name = reference.removeprefix(_REFERENCE)
        return Kind(name, name)
    if "anyOf" in schema:
        parts = [_kind(each) for each in schema["anyOf"]]
        return Kind(" or ".join(each.words for each in parts), next((each.model for each in parts if each.model), ""))
    if "enum" in schema:
        return Kind(", ".join(map(str, schema["enum"])))
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return Kind(f"pair of {_kind(schema['prefixItems'][0]).words}s")
        case "array":
            item = _kind(schema.get("items", {}))
            return Kind(f"list of {item.words}", item.model)
        case "object":
            value = schema.get("additionalProperties")
            inner = _kind(value) if isinstance(value, dict) else Kind("any value")
            return Kind(f"object of {inner.words}", inner.model)
        case None:
            return Kind("pair" if "prefixItems" in schema else "any value")
        case plain:
            return Kind(" ".join([str(schema.get("format") or plain), *_bounds(schema)]))


def _bounds(schema: dict[str, Any]) -> Iterator[str]:
    if "minimum" in schema and schema.get("maximum", LARGEST_ID) != LARGEST_ID:
        yield f"from {schema['minimum']} to {schema['maximum']}"
    if "default" in schema and schema["default"] not in ("", None):
        yield f"(usually {schema['default']})"
