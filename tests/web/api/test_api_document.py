"""The document at /openapi.json has names that clients can use."""

from __future__ import annotations

import re

from sqlalchemy import Engine
from support.api_site import api_client

from notifier.config import Config


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
