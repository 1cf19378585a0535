"""The document at /openapi.json has names that clients can use, and no class behind it shares its name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from sqlalchemy import Engine
from support.api_site import api_client
from support.paths import CHECKOUT

from notifier.config import Config

PACKAGE = CHECKOUT / "notifier"


def class_names(file: Path) -> set[str]:
    """Return the names of the classes at the top of a module."""
    return {node.name for node in ast.parse(file.read_bytes()).body if isinstance(node, ast.ClassDef)}


def test_no_class_of_the_api_has_the_name_of_another_class() -> None:
    names = {file: class_names(file) for file in PACKAGE.rglob("*.py")}
    for file, own in names.items():
        if file.is_relative_to(PACKAGE / "web" / "api"):
            assert not own & {name for other, found in names.items() if other != file for name in found}, file


def test_schemas_have_short_names_and_every_reference_leads_to_something(engine: Engine, config: Config) -> None:
    answer = api_client(engine, config, ()).get("/openapi.json")
    components = answer.json()["components"]
    assert {"Paper", "Subscriber", "Subscription", "Topic", "Preview"} <= components["schemas"].keys()
    assert not [name for name in components["schemas"] if name.endswith("Document")]
    references = re.findall(r'"#/components/(\w+)/(\w+)"', answer.text)
    assert references
    for kind, name in references:
        assert name in components[kind], (kind, name)


def test_every_path_allows_the_methods_that_the_document_has(engine: Engine, config: Config) -> None:
    api = api_client(engine, config, ())
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        documented = {method.upper() for method in operations}
        allowed = api("OPTIONS", re.sub(r"\{\w+\}", "1", path)).headers["allow"].split(", ")
        assert set(allowed) == documented | {"OPTIONS"} | ({"HEAD"} if "GET" in documented else set()), path
