"""schemathesis finds no operation that breaks the OpenAPI document, with data that fits it and data that does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from sqlalchemy import Engine
from support.api_site import PAPERS, api_client
from support.paths import CHECKOUT
from support.service import add_subscriber, ingest_page
from support.stores import new_store
from support.web_site import AT_EIGHT, write_config

from notifier.subscribers import SignUp

EXAMPLES = 8  # of each operation, of either kind
SUBSCRIBERS = 40  # some of whom the operations erase


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the schema of an application, the headers with a token, and the keys of the papers."""
    folder = tmp_path_factory.mktemp("schema")
    engine: Engine = new_store(folder / "store/notifier.db")
    config = write_config(folder)
    ingest_page(engine, folder, [f"Quantization of Models {number}" for number in range(40)], now=AT_EIGHT)
    for number in range(SUBSCRIBERS):
        add_subscriber(engine, SignUp(f"ann{number}@example.org", ("models", "bees"), confirmed=True), settings=config)
    api = api_client(engine, config)
    keys = [paper["key"] for paper in api.get(PAPERS).json()["papers"]]
    settings_of = SchemathesisConfig.from_path(CHECKOUT / "schemathesis.toml")
    loaded = schemathesis.openapi.from_asgi("/openapi.json", api.application, config=settings_of)
    yield loaded, {"Authorization": f"Bearer {api.token}"}, keys
    engine.dispose()


def name_what_exists(case: Any, keys: Sequence[str]) -> None:
    """Replace most ids and keys in the path, so that an operation finds something; a few generated ones stay."""
    sent = case.path_parameters or {}
    number = crc32(repr(case).encode())
    if number % 5 == 0:
        return
    subscriber_id = number % SUBSCRIBERS + 1
    known = {"subscriber_id": subscriber_id, "subscription_id": 2 * subscriber_id, "key": keys[number % len(keys)]}
    sent.update({name: value for name, value in known.items() if name in sent})


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_keeps_to_the_document(schema: Any, mode: GenerationMode) -> None:
    loaded, headers, keys = schema
    tried = 0
    for result in loaded.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case: Any) -> None:
            if mode is GenerationMode.POSITIVE:
                name_what_exists(case, keys)
            case.call_and_validate(headers=headers)

        check()
        tried += 1
    assert tried > 20
